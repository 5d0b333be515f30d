package adit.identity.ca;

import adit.model.SpiffeId;
import org.jspecify.annotations.Nullable;

/// Who asks the CA, as its credentials proved.
///
/// @param identity of the caller's service account
/// @param podName of the pod that the token is bound to; null for a caller without one (mTLS)
/// @param podUid of that pod
/// @param clusterId header `clusterid`, or empty
public record CaCaller(
    SpiffeId identity, @Nullable String podName, @Nullable String podUid, String clusterId) {}
