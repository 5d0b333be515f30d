package adit.ztunnel.resolve;

import adit.model.Service;
import adit.model.Workload;
import org.jspecify.annotations.Nullable;

/// What an outbound connection is for.
///
/// @param workload the one that was chosen or addressed; null when it is not in the mesh
/// @param service what the client addressed, when that was a service
public record Target(@Nullable Workload workload, @Nullable Service service) {
  static final Target NOTHING_KNOWN = new Target(null, null);
}
