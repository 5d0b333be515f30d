/// What the control plane has said, as one immutable snapshot that every thread reads.
package adit.waypoint.view;
