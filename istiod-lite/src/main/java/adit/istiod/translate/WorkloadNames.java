package adit.istiod.translate;

import adit.source.object.ObjectMeta;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What telemetry calls a workload. Istio's heuristics over owners and labels.
///
/// @param workload Deployment or the like
/// @param canonical canonical service
/// @param revision canonical revision
record WorkloadNames(String workload, String canonical, String revision) {
  private static final Pattern CRON = Pattern.compile("(.+)-\\d{8,10}");

  static WorkloadNames ofPod(ObjectMeta meta) {
    return of(meta.labels(), ownerName(meta));
  }

  static WorkloadNames of(Map<String, String> labels, String fallback) {
    String workload = labels.getOrDefault("service.istio.io/workload-name", fallback);
    return new WorkloadNames(
        workload,
        first(labels, workload, "service.istio.io/canonical-name", "app.kubernetes.io/name", "app"),
        first(
            labels,
            "latest",
            "service.istio.io/canonical-revision",
            "app.kubernetes.io/version",
            "version"));
  }

  private static String first(Map<String, String> labels, String fallback, String... names) {
    for (String name : names) {
      String value = labels.getOrDefault(name, "");
      if (!value.isEmpty()) {
        return value;
      }
    }
    return fallback;
  }

  private static String ownerName(ObjectMeta meta) {
    if (meta.generateName().isEmpty()) {
      return meta.name();
    }
    for (ObjectMeta.Owner owner : meta.owners()) {
      if (owner.controller()) {
        return ownerName(meta, owner);
      }
    }
    return meta.name();
  }

  private static String ownerName(ObjectMeta meta, ObjectMeta.Owner owner) {
    return switch (owner.kind()) {
      case "ReplicaSet" -> {
        String hash = meta.label("pod-template-hash");
        String rollout = meta.label("rollouts-pod-template-hash");
        if (!hash.isEmpty() && owner.name().endsWith("-" + hash)) {
          yield owner.name().substring(0, owner.name().length() - hash.length() - 1);
        }
        if (!rollout.isEmpty() && owner.name().endsWith("-" + rollout)) {
          yield owner.name().substring(0, owner.name().length() - rollout.length() - 1);
        }
        yield owner.name();
      }
      case "ReplicationController" -> {
        String config = meta.label("deploymentconfig");
        yield config.isEmpty() ? owner.name() : config;
      }
      case "Job" -> {
        Matcher cron = CRON.matcher(owner.name());
        yield cron.matches() ? cron.group(1) : owner.name();
      }
      default -> owner.name();
    };
  }
}
