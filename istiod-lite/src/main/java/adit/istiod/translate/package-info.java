/// Kubernetes objects as resources of the wire, exactly as Istio's ambient index makes them,
/// without its known defects. Pure: a view in, resources out.
package adit.istiod.translate;
