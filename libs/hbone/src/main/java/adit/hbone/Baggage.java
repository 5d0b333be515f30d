package adit.hbone;

import org.jspecify.annotations.Nullable;

/// The `baggage` header (W3C Baggage) as mesh proxies use it: who the workload at one end is. Every
/// value may be missing.
///
/// @param cluster `k8s.cluster.name`
/// @param namespace `k8s.namespace.name`
/// @param workloadType `deployment`, `cronjob`, `pod` or `job`: the middle of
///   `k8s.<workloadType>.name`
/// @param workloadName value of `k8s.<workloadType>.name`
/// @param serviceName `service.name`, the canonical service
/// @param serviceVersion `service.version`, the canonical revision
/// @param region `cloud.region`
/// @param zone `cloud.availability_zone`
public record Baggage(
    @Nullable String cluster,
    @Nullable String namespace,
    @Nullable String workloadType,
    @Nullable String workloadName,
    @Nullable String serviceName,
    @Nullable String serviceVersion,
    @Nullable String region,
    @Nullable String zone) {
  private static final int MAX_ENTRIES = 64;
  private static final int MAX_PART = 256;
  private static final Baggage NONE = new Baggage(null, null, null, null, null, null, null, null);

  /// Baggage that says nothing.
  public static Baggage none() {
    return NONE;
  }

  /// Writes the header's value: known keys in the order that proxies use, no spaces; null when
  /// there is nothing to say. A value that the header cannot carry is left out.
  public @Nullable String headerOrNull() {
    StringBuilder out = new StringBuilder(160);
    append(out, "k8s.cluster.name", cluster);
    append(out, "k8s.namespace.name", namespace);
    if (workloadType != null && isType(workloadType)) {
      append(out, "k8s." + workloadType + ".name", workloadName);
    }
    append(out, "service.name", serviceName);
    append(out, "service.version", serviceVersion);
    append(out, "cloud.region", region);
    append(out, "cloud.availability_zone", zone);
    return out.isEmpty() ? null : out.toString();
  }

  /// Reads a header's value. What is not understood is skipped; spaces around keys and values are
  /// dropped (a peer may write `a=b, c=d`); a value with other than visible ASCII characters says
  /// nothing at all.
  public static Baggage parse(@Nullable String header) {
    if (header == null
        || header.length() > ConnectHead.MAX_VALUE
        || !HeaderText.isPrintable(header)) {
      return NONE;
    }
    Reader reader = new Reader();
    int from = 0;
    for (int entries = 0; from <= header.length() && entries < MAX_ENTRIES; entries++) {
      int comma = header.indexOf(',', from);
      int end = comma < 0 ? header.length() : comma;
      reader.entry(header.substring(from, end));
      from = end + 1;
    }
    return reader.baggage();
  }

  private static void append(StringBuilder out, String key, @Nullable String value) {
    if (value == null || value.isEmpty() || value.length() > MAX_PART || !isValue(value)) {
      return;
    }
    if (!out.isEmpty()) {
      out.append(',');
    }
    out.append(key).append('=').append(value);
  }

  private static boolean isValue(String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c <= ' ' || c > '~' || c == ',' || c == ';' || c == '=') {
        return false;
      }
    }
    return true;
  }

  private static boolean isType(String type) {
    return switch (type) {
      case "deployment", "cronjob", "pod", "job" -> true;
      default -> false;
    };
  }

  /// Collects entries.
  private static final class Reader {
    private @Nullable String cluster;
    private @Nullable String namespace;
    private @Nullable String workloadType;
    private @Nullable String workloadName;
    private @Nullable String serviceName;
    private @Nullable String serviceVersion;
    private @Nullable String region;
    private @Nullable String zone;

    void entry(String text) {
      int equals = text.indexOf('=');
      if (equals <= 0) {
        return;
      }
      int end = text.indexOf('=', equals + 1);
      int properties = text.indexOf(';', equals + 1);
      if (properties >= 0 && (end < 0 || properties < end)) {
        end = properties;
      }
      String value = text.substring(equals + 1, end < 0 ? text.length() : end).strip();
      if (!value.isEmpty() && value.length() <= MAX_PART) {
        put(text.substring(0, equals).strip(), value);
      }
    }

    private void put(String key, String value) {
      switch (key) {
        case "k8s.cluster.name" -> cluster = value;
        case "k8s.namespace.name" -> namespace = value;
        case "k8s.deployment.name" -> workload("deployment", value);
        case "k8s.cronjob.name" -> workload("cronjob", value);
        case "k8s.pod.name" -> workload("pod", value);
        case "k8s.job.name" -> workload("job", value);
        case "service.name" -> serviceName = value;
        case "service.version" -> serviceVersion = value;
        case "cloud.region" -> region = value;
        case "cloud.availability_zone" -> zone = value;
        default -> {
          // Other programs' baggage.
        }
      }
    }

    private void workload(String type, String name) {
      workloadType = type;
      workloadName = name;
    }

    Baggage baggage() {
      return new Baggage(
          cluster,
          namespace,
          workloadType,
          workloadName,
          serviceName,
          serviceVersion,
          region,
          zone);
    }
  }
}
