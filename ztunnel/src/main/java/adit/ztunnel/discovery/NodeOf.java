package adit.ztunnel.discovery;

import adit.protos.core.Node;
import adit.proxy.ConfigException;
import adit.ztunnel.config.ZtunnelConfig;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How this process introduces itself to the control plane.
public final class NodeOf {
  private NodeOf() {}

  /// @throws ConfigException `ISTIO_METAJSON_*` is not JSON
  public static Node config(ZtunnelConfig config) {
    ZtunnelConfig.Self self = config.self();
    String name = orEmpty(self.podName());
    String namespace = orEmpty(self.podNamespace());
    Struct.Builder metadata = Struct.newBuilder();
    put(metadata, "NAME", name);
    put(metadata, "NAMESPACE", namespace);
    put(metadata, "INSTANCE_IPS", self.instanceIp());
    put(metadata, "NODE_NAME", orEmpty(self.node()));
    config.metadata().forEach((key, value) -> put(metadata, key, value));
    config.jsonMetadata().forEach((key, text) -> metadata.putFields(key, value(parse(key, text))));
    return Node.newBuilder()
        .setId(
            String.format(
                Locale.ROOT,
                "ztunnel~%s~%s.%s~%s.svc.cluster.local",
                self.instanceIp(),
                name,
                namespace,
                namespace))
        .setMetadata(metadata)
        .build();
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static void put(Struct.Builder metadata, String key, String value) {
    metadata.putFields(key, Value.newBuilder().setStringValue(value).build());
  }

  private static JsonNode parse(String key, String text) {
    try {
      return new ObjectMapper().readTree(text);
    } catch (JacksonException e) {
      throw new ConfigException(
          "ISTIO_METAJSON_" + key + ": not JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static Value value(JsonNode json) {
    Value.Builder out = Value.newBuilder();
    switch (json.getNodeType()) {
      case OBJECT -> {
        Struct.Builder fields = Struct.newBuilder();
        json.properties().forEach(e -> fields.putFields(e.getKey(), value(e.getValue())));
        out.setStructValue(fields);
      }
      case ARRAY -> {
        ListValue.Builder list = ListValue.newBuilder();
        json.forEach(element -> list.addValues(value(element)));
        out.setListValue(list);
      }
      case NUMBER -> out.setNumberValue(json.doubleValue());
      case BOOLEAN -> out.setBoolValue(json.booleanValue());
      case NULL, MISSING -> out.setNullValue(NullValue.NULL_VALUE);
      case STRING, BINARY, POJO -> out.setStringValue(json.asText());
    }
    return out.build();
  }
}
