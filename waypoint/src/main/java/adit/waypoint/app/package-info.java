/// The process: constructs, starts, ends.
package adit.waypoint.app;
