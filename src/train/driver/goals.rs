//! Requests to advance that wait for their steps.

use std::collections::VecDeque;

use crate::protocol::CommandId;

/// Requests to advance that may wait, at most.
const MAX_GOALS: usize = 4096;

/// Steps up to which requests ask the worker to train.
#[derive(Debug, Default)]
pub(super) struct AdvanceGoals {
    /// Each step with the request that is answered there, ascending. Empties as steps are reached, or when the run is
    /// paused or resumed; normally empty.
    goals: VecDeque<(u64, CommandId)>,
}

impl AdvanceGoals {
    /// Whether another request may wait.
    ///
    /// # Errors
    /// When too many wait already; the reason says how many.
    pub fn check_room(&self) -> Result<(), String> {
        if self.goals.len() < MAX_GOALS { Ok(()) } else { Err(format!("{MAX_GOALS} requests to advance wait already")) }
    }

    /// Adds a goal after the others.
    pub fn add(&mut self, goal: u64, id: CommandId) {
        self.goals.push_back((goal, id));
    }

    /// The last goal, if there is any.
    pub fn last_goal(&self) -> Option<u64> {
        self.goals.back().map(|&(goal, _)| goal)
    }

    /// Takes the next request whose goal is reached at `step`.
    pub fn take_reached(&mut self, step: u64) -> Option<CommandId> {
        let reached = self.goals.front().is_some_and(|(goal, _)| *goal <= step);
        if reached { self.goals.pop_front().map(|(_, id)| id) } else { None }
    }

    /// Takes all requests, reached or not.
    pub fn take_all(&mut self) -> impl Iterator<Item = CommandId> {
        std::mem::take(&mut self.goals).into_iter().map(|(_, id)| id)
    }

    /// Whether no request waits.
    pub fn is_empty(&self) -> bool {
        self.goals.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_taken_as_they_are_reached_and_bounded() {
        let mut goals = AdvanceGoals::default();
        for (goal, id) in [(3, 1), (3, 2), (5, 3), (8, 4)] {
            goals.add(goal, CommandId(id));
        }
        assert_eq!(goals.last_goal(), Some(8));
        assert_eq!(goals.take_reached(2), None);
        assert_eq!([(); 3].map(|()| goals.take_reached(5)), [1, 2, 3].map(|id| Some(CommandId(id))));
        assert_eq!((goals.take_reached(5), goals.is_empty()), (None, false));
        assert!(goals.take_all().eq([CommandId(4)]) && goals.is_empty());
        (0..MAX_GOALS as u64).for_each(|id| goals.add(1, CommandId(id)));
        goals.check_room().unwrap_err();
    }
}
