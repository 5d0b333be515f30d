package adit.waypoint.view;

import adit.model.MeshView;

/// The mesh and what is said about its requests, as they were at one moment.
public record Snapshot(MeshView mesh, L7View l7) {}
