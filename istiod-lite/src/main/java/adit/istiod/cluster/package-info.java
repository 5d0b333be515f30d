/// What a control plane does to its own Kubernetes cluster besides reading it: keeps its root in a
/// Secret, hands the roots to every namespace, registers the validator, and agrees with its
/// replicas who of them writes.
package adit.istiod.cluster;
