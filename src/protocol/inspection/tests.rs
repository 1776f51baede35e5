use crate::protocol::{Command, CommandId, Event, Request};

use super::*;

fn same<T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> String {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
    text
}

#[test]
fn queries_have_a_plain_form() {
    let request = |query| Request { id: CommandId(7), command: Command::Inspect { query } };
    assert_eq!(
        same(&request(Query::Layer { layer: 3 })),
        r#"{"id":7,"command":"inspect","query":{"of":"layer","layer":3}}"#
    );
    assert_eq!(
        same(&request(Query::Trace { sample: SampleChoice::NextMistake { after: None }, layer: 0 })),
        r#"{"id":7,"command":"inspect","query":{"of":"trace","sample":{"choice":"next_mistake"},"layer":0}}"#
    );
    let walk = Walk { step: 4, minibatch: 5, phase: Phase::Forward { layer: 2 } };
    assert_eq!(same(&Event::Phase(walk)), r#"{"event":"phase","step":4,"minibatch":5,"phase":"forward","layer":2}"#);
}

#[test]
fn answers_come_back_as_they_were_also_what_is_not_finite() {
    let check = |worst| {
        Answer::GradientCheck(GradientCheck {
            layer: 1,
            done: 3,
            planned: 20,
            parameters: 100,
            samples: 8,
            skipped: 0,
            tolerance: 1e-7,
            worst,
            verdict: None,
        })
    };
    let worst = GradientDifference {
        parameter: "weight".into(),
        index: vec![3, 17],
        by_hand: f64::INFINITY,
        numeric: 0.1 + 0.2,
        relative_error: f64::NEG_INFINITY,
    };
    let extract = TensorSlice { shape: vec![3], kept: vec![3], values: vec![0.1, f32::INFINITY, 1e-40] };
    let parameter = TracedParameter {
        name: "weight".into(),
        value: extract.clone(),
        gradient: Some(extract),
        norm: f64::INFINITY,
        gradient_norm: Some(f64::NEG_INFINITY),
    };
    same(&parameter);
    for answer in [check(None), check(Some(worst)), Answer::Nothing { reason: "no evaluation yet".into() }] {
        let inspection = Inspection { step: 9, query: Query::GradientCheck { layer: 1 }, answer };
        same(&Event::Inspection(Box::new(inspection)));
    }
}

#[test]
fn the_rows_of_a_plane_go_down() {
    let plane = PlaneGrid { x: [-1.0, 1.0], y: [0.0, 4.0], columns: 2, rows: 4 };
    assert_eq!(plane.cell_center(0, 0), [-0.5, 3.5]);
    assert_eq!(plane.cell_center(1, 3), [0.5, 0.5]);
}
