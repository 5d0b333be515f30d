package adit.istiod.cluster;

import adit.telemetry.Log;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfiguration;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Completes the ValidatingWebhookConfiguration `adit-validator` that the installation made: the
/// roots that the API server needs to trust the validator, from then on the policy `Fail`, and the
/// namespace as its owner, so that it does not outlive the control plane and block every policy.
final class ValidatorRegistration implements AutoCloseable {
  static final String NAME = "adit-validator";
  private static final String FAIL = "Fail";

  private final KubernetesClient client;
  private final String namespace;
  private final Supplier<String> roots;
  private final Log log;
  private final SharedIndexInformer<ValidatingWebhookConfiguration> present;

  /// @param changed called on any thread when the configuration was changed
  ValidatorRegistration(
      KubernetesClient client,
      String namespace,
      Supplier<String> roots,
      Runnable changed,
      Log log) {
    this.client = client;
    this.namespace = namespace;
    this.roots = roots;
    this.log = log;
    present =
        client
            .admissionRegistration()
            .v1()
            .validatingWebhookConfigurations()
            .withField("metadata.name", NAME)
            .runnableInformer(0)
            .exceptionHandler((_, _) -> true)
            .addEventHandler(new RootDistribution.Changed<>(changed));
    var _ = present.start();
  }

  /// Writes what is missing; returns how much could not be done. Without a configuration there is
  /// nothing to do: the installation left the validator out.
  int complete() {
    ValidatingWebhookConfiguration there = present.getIndexer().getByKey(NAME);
    if (there == null || there.getWebhooks() == null) {
      return 0;
    }
    String bundle =
        Base64.getEncoder().encodeToString(roots.get().getBytes(StandardCharsets.UTF_8));
    OwnerReference owner = ownerOrNull();
    boolean owned = owner == null || there.getMetadata().getOwnerReferences().contains(owner);
    if (owned && there.getWebhooks().stream().allMatch(hook -> isComplete(hook, bundle))) {
      return 0;
    }
    // The informer's own stays as the API server has it.
    ValidatingWebhookConfiguration wanted = client.getKubernetesSerialization().clone(there);
    for (ValidatingWebhook hook : wanted.getWebhooks()) {
      hook.getClientConfig().setCaBundle(bundle);
      hook.setFailurePolicy(FAIL);
    }
    if (!owned) {
      wanted.getMetadata().setOwnerReferences(List.of(owner));
    }
    wanted.getMetadata().setManagedFields(null);
    var _ =
        client
            .admissionRegistration()
            .v1()
            .validatingWebhookConfigurations()
            .withName(NAME)
            .patch(
                PatchContext.of(PatchType.JSON_MERGE),
                client.getKubernetesSerialization().asJson(wanted));
    log.info("validator registered", "configuration", NAME);
    return 0;
  }

  private static boolean isComplete(ValidatingWebhook hook, String bundle) {
    return bundle.equals(hook.getClientConfig().getCaBundle())
        && FAIL.equals(hook.getFailurePolicy());
  }

  private @Nullable OwnerReference ownerOrNull() {
    Namespace own = client.namespaces().withName(namespace).get();
    return own == null
        ? null
        : new OwnerReferenceBuilder()
            .withApiVersion("v1")
            .withKind("Namespace")
            .withName(namespace)
            .withUid(own.getMetadata().getUid())
            .build();
  }

  @Override
  public void close() {
    present.stop();
  }
}
