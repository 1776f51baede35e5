//! Behaviour of the dashboard's state, driven by messages as the event loop would.
