package adit.istiod.gateway;

import adit.source.object.Gateway;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// The objects that a waypoint's Gateway is turned into in a cluster. Pure.
///
/// @param settings what is the same for all of them
public record WaypointObjects(Settings settings) {
  /// Label of all that is made; what lacks it is somebody else's.
  public static final String MANAGED = "gateway.istio.io/managed";

  /// The label's value.
  public static final String MANAGER = "istio.io-mesh-controller";

  /// Annotation of a Gateway: the version of the control plane that looks after it.
  public static final String VERSION = "gateway.istio.io/controller-version";

  private static final String TEMPLATE = "waypoint.yaml";
  private static final String ACCOUNT = "gateway.istio.io/service-account";
  private static final String SERVICE_TYPE = "networking.istio.io/service-type";
  private static final String OWN_PREFIX = "gateway.networking.k8s.io/";
  private static final String GATEWAY_CLASS_NAME = OWN_PREFIX + "gateway-class-name";
  private static final int LONGEST_PORT_NAME = 63;

  // Keys of overlays, to kinds. What is not there by default is there only if an overlay asks.
  private static final Map<String, String> KINDS =
      Map.of(
          "deployment", "Deployment",
          "service", "Service",
          "serviceAccount", "ServiceAccount",
          "horizontalPodAutoscaler", "HorizontalPodAutoscaler",
          "podDisruptionBudget", "PodDisruptionBudget");
  private static final Set<String> ON_DEMAND =
      Set.of("HorizontalPodAutoscaler", "PodDisruptionBudget");

  /// What is the same for all waypoints.
  ///
  /// @param image of the proxy
  /// @param pullPolicy of the image
  /// @param istiod host name of the control plane
  /// @param revision of the control plane
  /// @param clusterId as proxies say it
  /// @param clusterDomain suffix of services' names
  /// @param trustDomain of the mesh
  public record Settings(
      String image,
      String pullPolicy,
      String istiod,
      String revision,
      String clusterId,
      String clusterDomain,
      String trustDomain) {}

  /// An overlay that cannot be used.
  public static final class InvalidOverlay extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidOverlay(String message) {
      super(message);
    }
  }

  /// The objects of a gateway, each with its owner.
  ///
  /// @param overlays `data` of ConfigMaps, in order: a strategic merge patch for each kind
  /// @throws InvalidOverlay naming the key and what was expected
  public List<ObjectNode> of(Gateway gateway, List<Map<String, String>> overlays)
      throws InvalidOverlay {
    List<ObjectNode> objects = new ArrayList<>();
    Map<String, List<JsonNode>> patches = patches(overlays);
    boolean ownAccount = gateway.meta().annotation(ACCOUNT).isEmpty();
    for (ObjectNode object : template(variables(gateway))) {
      String kind = object.path("kind").asText();
      List<JsonNode> own = patches.getOrDefault(kind, List.of());
      boolean wanted =
          ON_DEMAND.contains(kind) ? !own.isEmpty() : ownAccount || !kind.equals("ServiceAccount");
      if (wanted) {
        complete(object, gateway);
        own.forEach(patch -> StrategicMerge.apply(object, patch));
        objects.add(object);
      }
    }
    return objects;
  }

  private Map<String, String> variables(Gateway gateway) {
    String name = MeshGateways.nameOf(gateway.meta());
    String account = gateway.meta().annotation(ACCOUNT);
    String serviceType = annotations(gateway).getOrDefault(SERVICE_TYPE, "ClusterIP");
    Map<String, String> variables = new HashMap<>();
    variables.put("gateway", gateway.meta().name());
    variables.put("class", gateway.className());
    variables.put("name", name);
    variables.put("namespace", gateway.meta().namespace());
    variables.put("account", account.isEmpty() ? name : account);
    variables.put("serviceType", serviceType);
    variables.put("image", settings.image());
    variables.put("pullPolicy", settings.pullPolicy());
    variables.put("istiod", settings.istiod());
    variables.put("revision", settings.revision());
    variables.put("cluster", settings.clusterId());
    variables.put("domain", settings.clusterDomain());
    variables.put("trustDomain", settings.trustDomain());
    return variables;
  }

  private static List<ObjectNode> template(Map<String, String> variables) {
    String text;
    try (InputStream resource = WaypointObjects.class.getResourceAsStream(TEMPLATE)) {
      text =
          new String(
              Objects.requireNonNull(resource, TEMPLATE).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    KubernetesSerialization yaml = new KubernetesSerialization();
    List<ObjectNode> objects = new ArrayList<>();
    for (String document : text.split("(?m)^---$", -1)) {
      if (yaml.unmarshal(document, JsonNode.class) instanceof ObjectNode object) {
        fill(object, variables);
        objects.add(object);
      }
    }
    return objects;
  }

  /// Values only: nothing that a user writes becomes part of the structure.
  private static JsonNode fill(JsonNode node, Map<String, String> variables) {
    if (node instanceof ObjectNode object) {
      object.properties().forEach(field -> field.setValue(fill(field.getValue(), variables)));
    } else if (node instanceof ArrayNode list) {
      for (int i = 0; i < list.size(); i++) {
        list.set(i, fill(list.get(i), variables));
      }
    } else if (node instanceof TextNode text && text.textValue().contains("${")) {
      String filled = text.textValue();
      for (Map.Entry<String, String> variable : variables.entrySet()) {
        filled = filled.replace("${" + variable.getKey() + "}", variable.getValue());
      }
      return TextNode.valueOf(filled);
    }
    return node;
  }

  private static void complete(ObjectNode object, Gateway gateway) {
    ObjectNode meta = object.withObject("metadata");
    meta.put("namespace", gateway.meta().namespace());
    identify(meta, gateway);
    meta.putArray("ownerReferences")
        .addObject()
        .put("apiVersion", gateway.kind().apiVersion())
        .put("kind", gateway.kind().text())
        .put("name", gateway.meta().name())
        .put("uid", gateway.meta().uid());
    if (object.path("kind").asText().equals("Deployment")) {
      identify(object.withObject("spec").withObject("template").withObject("metadata"), gateway);
    }
    if (object.path("kind").asText().equals("Service")) {
      ports(object.withObject("spec").withArray("ports"), gateway.listeners());
    }
  }

  private static void identify(ObjectNode meta, Gateway gateway) {
    ObjectNode labels = meta.withObject("labels");
    labels(gateway).forEach(labels::put);
    labels.put(Waypoints.GATEWAY_NAME, gateway.meta().name());
    labels.put(GATEWAY_CLASS_NAME, gateway.className());
    labels.put(MANAGED, MANAGER);
    ObjectNode annotations = meta.withObject("annotations");
    annotations(gateway).forEach((name, value) -> annotations.put(name, value));
  }

  private static Map<String, String> labels(Gateway gateway) {
    Map<String, String> said = gateway.infrastructure().labels();
    return foreign(said == null ? gateway.meta().labels() : said);
  }

  private static Map<String, String> annotations(Gateway gateway) {
    Map<String, String> said = gateway.infrastructure().annotations();
    return foreign(said == null ? gateway.meta().annotations() : said);
  }

  private static Map<String, String> foreign(Map<String, String> all) {
    Map<String, String> result = new LinkedHashMap<>(all);
    result.keySet().removeIf(name -> name.startsWith(OWN_PREFIX));
    result.remove("kubectl.kubernetes.io/last-applied-configuration");
    // Ours, and written after the first look: it would change the pods' template.
    result.remove(VERSION);
    return result;
  }

  private static void ports(ArrayNode ports, List<Gateway.Listener> listeners) {
    Set<String> names = new HashSet<>(Set.of("status-port"));
    Set<Integer> numbers = new HashSet<>(Set.of(15_021));
    for (Gateway.Listener listener : listeners) {
      if (numbers.add(listener.port())) {
        ports
            .addObject()
            .put("name", unique(listener.name(), listener.port(), names))
            .put("port", listener.port())
            .put("protocol", "TCP")
            .put("appProtocol", listener.protocol().toLowerCase(Locale.ROOT));
      }
    }
  }

  /// A port's name has to be a DNS label, and the only one.
  private static String unique(String listener, int port, Set<String> taken) {
    String name = listener.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    name = name.replaceAll("^-+", "");
    name = name.substring(0, Math.min(name.length(), LONGEST_PORT_NAME)).replaceAll("-+$", "");
    if (name.isEmpty() || !taken.add(name)) {
      name = "port-" + port;
      taken.add(name);
    }
    return name;
  }

  private static Map<String, List<JsonNode>> patches(List<Map<String, String>> overlays)
      throws InvalidOverlay {
    KubernetesSerialization yaml = new KubernetesSerialization();
    Map<String, List<JsonNode>> patches = new HashMap<>();
    for (Map<String, String> overlay : overlays) {
      for (Map.Entry<String, String> entry : overlay.entrySet()) {
        String kind = KINDS.get(entry.getKey());
        if (kind == null) {
          throw new InvalidOverlay(
              "overlay key \""
                  + entry.getKey()
                  + "\" (expected: one of "
                  + String.join(", ", KINDS.keySet().stream().sorted().toList())
                  + ")");
        }
        patches.computeIfAbsent(kind, _ -> new ArrayList<>()).add(patch(yaml, entry));
      }
    }
    return patches;
  }

  private static JsonNode patch(KubernetesSerialization yaml, Map.Entry<String, String> entry)
      throws InvalidOverlay {
    JsonNode patch;
    try {
      // The library takes what begins with a brace for JSON.
      patch = yaml.unmarshal("---\n" + entry.getValue(), JsonNode.class);
    } catch (RuntimeException e) {
      throw new InvalidOverlay(
          "overlay \"" + entry.getKey() + "\" (expected: YAML of an object): " + e.getMessage());
    }
    if (patch == null || !patch.isObject()) {
      throw new InvalidOverlay("overlay \"" + entry.getKey() + "\" (expected: an object)");
    }
    return patch;
  }
}
