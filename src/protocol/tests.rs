//! What the messages of the protocol promise; the forms on the wire are tested from outside.

pub(crate) mod made_up;
