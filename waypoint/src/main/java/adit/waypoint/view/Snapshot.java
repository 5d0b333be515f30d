package adit.waypoint.view;

import adit.model.MeshView;

/// The mesh and what is said about its requests, as they were at one moment.
///
/// @param former what was served until then
public record Snapshot(MeshView mesh, L7View l7, Former former) {}
