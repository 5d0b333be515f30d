package adit.istiod.l7;

import adit.source.object.ObjectKey;
import adit.source.object.ObjectMeta;
import java.util.function.Function;
import java.util.function.Predicate;

/// What is the same for the whole mesh.
///
/// @param clusterDomain suffix of services' names
/// @param trustDomain of all identities
/// @param rootNamespace policies there hold for the whole mesh
/// @param ours whether an object of Istio's configuration is for this control plane
/// @param uids names of workloads' resources, by pod or WorkloadEntry
public record L7Settings(
    String clusterDomain,
    String trustDomain,
    String rootNamespace,
    Predicate<ObjectMeta> ours,
    Function<ObjectKey, String> uids) {}
