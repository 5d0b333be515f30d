package adit.source;

import adit.source.object.Kind;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.EnumSet;
import java.util.Set;

/// How kinds are asked of an API server: always as generic resources, because only the reader says
/// what fields mean.
final class KubernetesKinds {
  /// What local mode's supervisor runs and what only a node agent reads: not the control plane's.
  static final Set<Kind> UNREAD =
      Set.of(Kind.DEPLOYMENT, Kind.SERVICE_ACCOUNT, Kind.NETWORK_POLICY);

  private static final int NOT_FOUND = 404;

  private KubernetesKinds() {}

  static Set<Kind> read() {
    EnumSet<Kind> kinds = EnumSet.allOf(Kind.class);
    kinds.removeAll(UNREAD);
    return kinds;
  }

  static ResourceDefinitionContext context(Kind kind) {
    return new ResourceDefinitionContext.Builder()
        .withGroup(kind.group())
        .withVersion(kind.version())
        .withKind(kind.text())
        .withPlural(kind.plural())
        .withNamespaced(kind.namespaced())
        .build();
  }

  static Resource<GenericKubernetesResource> resource(
      KubernetesClient client, Kind kind, String namespace, String name) {
    var all = client.genericKubernetesResources(context(kind));
    return kind.namespaced() ? all.inNamespace(namespace).withName(name) : all.withName(name);
  }

  /// An object to be patched: it is not read first, which would take another right.
  static Resource<GenericKubernetesResource> unread(
      KubernetesClient client, ResourceDefinitionContext context, String namespace, String name) {
    GenericKubernetesResource named = new GenericKubernetesResource();
    named.setApiVersion(
        context.getGroup() == null || context.getGroup().isEmpty()
            ? context.getVersion()
            : context.getGroup() + "/" + context.getVersion());
    named.setKind(context.getKind());
    ObjectMetaBuilder meta = new ObjectMetaBuilder().withName(name);
    named.setMetadata((namespace.isEmpty() ? meta : meta.withNamespace(namespace)).build());
    var all = client.genericKubernetesResources(context);
    return namespace.isEmpty() ? all.resource(named) : all.inNamespace(namespace).resource(named);
  }

  /// Whether the API server does not know the kind or the object.
  static boolean notFound(Throwable error) {
    return code(error) == NOT_FOUND;
  }

  /// The HTTP status that the API server answered with, 0 if it did not.
  static int code(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof KubernetesClientException e && e.getCode() > 0) {
        return e.getCode();
      }
    }
    return 0;
  }

  /// The innermost reason, on one line.
  static String text(Throwable error) {
    Throwable cause = error;
    while (cause.getCause() != null && code(cause.getCause()) == code(error)) {
      cause = cause.getCause();
    }
    String message = cause.getMessage();
    return message == null
        ? cause.getClass().getSimpleName()
        : message.lines().findFirst().orElse("");
  }
}
