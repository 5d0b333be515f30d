package adit.waypoint.listener;

/// A request that was refused before it was decoded.
///
/// @param why for the log
record MalformedRequest(String why) {}
