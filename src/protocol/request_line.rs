//! A request as a line of JSON.

use serde::Deserialize;
use serde_json::Value;

use super::{Command, CommandId, Request};

/// What a line with an id says.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestLine {
    /// A request.
    Request(Request),
    /// A request in the wrong form, which is rejected.
    Malformed {
        /// Number repeated in the answer.
        id: CommandId,
        /// What is wrong.
        problem: String,
    },
}

impl RequestLine {
    /// Reads a line of the protocol.
    ///
    /// # Errors
    /// What is wrong, if the line has no id under which it could be answered.
    pub fn parse(line: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "a request looks like {\"id\":1,\"command\":\"pause\"}";
        let value: Value = serde_json::from_str(line).map_err(|error| {
            let problem = error.to_string();
            let problem = problem.split(" at line ").next().unwrap_or_default();
            format!("column {}: no JSON: {problem}; {EXAMPLE}", error.column())
        })?;
        let Some(fields) = value.as_object() else { return Err(format!("no JSON object; {EXAMPLE}")) };
        let id = match fields.get("id") {
            None => return Err(format!("no \"id\" under which it could be answered; {EXAMPLE}")),
            Some(id) => id.as_u64().ok_or_else(|| format!("\"id\" is {id}, and must be a whole number; {EXAMPLE}"))?,
        };
        // The line rather than the value, in which a key that occurs twice is there once.
        let read: Result<Request, _> = serde_json::from_str(line);
        Ok(read.map_or_else(
            |_| {
                let problem = match Command::deserialize(&value) {
                    Err(error) => error.to_string(),
                    Ok(_) => "a key occurs twice".into(),
                };
                Self::Malformed { id: CommandId(id), problem }
            },
            Self::Request,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read() {
        let request = |id, command| Ok(RequestLine::Request(Request { id: CommandId(id), command }));
        let line = " {\"id\":7,\"command\":\"advance\",\"count\":3} ";
        assert_eq!(RequestLine::parse(line), request(7, Command::Advance { count: 3 }));
        let line = r#"{"id":1,"command":"levitate","height":3}"#;
        assert_eq!(RequestLine::parse(line), request(1, Command::Unknown));
    }

    #[test]
    fn a_request_in_the_wrong_form_keeps_its_id_and_says_what_is_wrong() {
        for (line, problem) in [
            (r#"{"id":2,"command":"advance"}"#, "missing field `count`"),
            (r#"{"id":2,"command":"advance","count":-1}"#, "invalid value: integer `-1`, expected u64"),
            (
                r#"{"id":2,"command":"set","key":"optimizer.lr","value":"x"}"#,
                "invalid type: string \"x\", expected f64",
            ),
            (r#"{"id":2}"#, "missing field `command`"),
            (r#"{"id":2,"command":"pause","id":2}"#, "a key occurs twice"),
        ] {
            let malformed = RequestLine::Malformed { id: CommandId(2), problem: problem.into() };
            assert_eq!(RequestLine::parse(line), Ok(malformed), "{line}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_answered_is_an_error() {
        for (line, problem) in [
            ("pause", "column 1: no JSON: expected value"),
            ("{\"id\":1,", "column 8: no JSON: EOF while parsing"),
            ("[1]", "no JSON object"),
            (r#"{"command":"pause"}"#, "no \"id\""),
            (r#"{"id":"one","command":"pause"}"#, "\"id\" is \"one\""),
            (r#"{"id":-1,"command":"pause"}"#, "\"id\" is -1"),
            (r#"{"id":1,"command":"pause"} {"id":2}"#, "column 28: no JSON: trailing characters"),
        ] {
            let error = RequestLine::parse(line).unwrap_err();
            assert!(error.starts_with(problem) && error.ends_with("\"command\":\"pause\"}"), "{line}: {error}");
        }
    }
}
