package adit.source.object;

import java.util.Map;

/// A Deployment. Local mode runs it; the control plane ignores it.
///
/// @param meta the metadata
/// @param replicas 1 by default
/// @param selector `spec.selector.matchLabels`
/// @param templateLabels labels of its pods
/// @param templateAnnotations annotations of its pods
/// @param template what its pods are made of
public record Deployment(
    ObjectMeta meta,
    int replicas,
    Map<String, String> selector,
    Map<String, String> templateLabels,
    Map<String, String> templateAnnotations,
    Pod.Spec template)
    implements KubeObject {
  public Deployment {
    selector = Map.copyOf(selector);
    templateLabels = Map.copyOf(templateLabels);
    templateAnnotations = Map.copyOf(templateAnnotations);
  }

  @Override
  public Kind kind() {
    return Kind.DEPLOYMENT;
  }
}
