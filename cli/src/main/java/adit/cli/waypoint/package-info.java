/// `adit waypoint`: waypoints of a cluster or of a local mesh.
@NullMarked
package adit.cli.waypoint;

import org.jspecify.annotations.NullMarked;
