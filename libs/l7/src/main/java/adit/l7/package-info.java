/// What a waypoint knows beyond the L4 mesh: the control plane's resources as checked, immutable
/// records, and the pure decisions on requests that follow from them. Nothing here does I/O.
package adit.l7;
