/// Gateways of the mesh: which of them is whose waypoint, what is made for them in a cluster, and
/// what their users are told.
package adit.istiod.gateway;
