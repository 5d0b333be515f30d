package adit.istiod.ca;

import adit.model.SpiffeId;
import org.jspecify.annotations.Nullable;

/// Who calls, as the credentials of the call proved.
///
/// @param podName of the pod that the token is bound to, or null
/// @param podUid of that pod, or null
/// @param clusterId header `clusterid`, or empty
public record Caller(
    SpiffeId identity, @Nullable String podName, @Nullable String podUid, String clusterId) {}
