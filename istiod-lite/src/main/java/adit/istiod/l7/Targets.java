package adit.istiod.l7;

import adit.protos.l7.Target;
import adit.source.object.Fields;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `targetRefs` of policies.
///
/// @param reading the policy
record Targets(Reading reading) {
  /// What a policy is attached to; what there is not is left out and said.
  List<Target> read(Fields spec) {
    List<Target> targets = new ArrayList<>();
    spec.objects("targetRefs", ref -> add(ref, targets));
    Fields single = spec.object("targetRef");
    if (single.present()) {
      add(single, targets);
    }
    return targets;
  }

  /// Always null.
  private @Nullable Void add(Fields ref, List<Target> targets) {
    String group = ref.text("group");
    String kind = ref.requiredText("kind");
    String name = ref.requiredText("name");
    String own = reading.namespace();
    String namespace = ref.text("namespace", own);
    reading.strict(ref);
    boolean foreign = !namespace.equals(own);
    switch (group + "/" + kind) {
      case "/Service" -> {
        References.Named found = foreign ? null : reading.references().serviceOrNull(own, name);
        if (found == null) {
          reading.unresolved("TargetNotFound", "Service " + namespace + "/" + name);
        } else {
          targets.add(Target.newBuilder().setService(found.key()).build());
        }
      }
      case "networking.istio.io/ServiceEntry" -> {
        List<References.Named> found = foreign ? List.of() : reading.references().entry(own, name);
        if (found.isEmpty()) {
          reading.unresolved("TargetNotFound", "ServiceEntry " + namespace + "/" + name);
        }
        found.forEach(named -> targets.add(Target.newBuilder().setService(named.key()).build()));
      }
      case "gateway.networking.k8s.io/Gateway" ->
          targets.add(Target.newBuilder().setGateway(namespace + "/" + name).build());
      case "gateway.networking.k8s.io/GatewayClass" ->
          targets.add(Target.newBuilder().setGatewayClass(name).build());
      default -> reading.unsupported(ref, "kind", "Service, ServiceEntry, Gateway or GatewayClass");
    }
    return null;
  }
}
