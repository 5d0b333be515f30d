package adit.source.object;

import java.util.List;

/// A Node: labels give the locality.
///
/// @param meta the metadata
/// @param internalAddresses `status.addresses` of type `InternalIP`
/// @param podCidrs `spec.podCIDRs`
public record Node(ObjectMeta meta, List<String> internalAddresses, List<String> podCidrs)
    implements KubeObject {
  public Node {
    internalAddresses = List.copyOf(internalAddresses);
    podCidrs = List.copyOf(podCidrs);
  }

  @Override
  public Kind kind() {
    return Kind.NODE;
  }
}
