package adit.ztunnel.config;

import adit.proxy.ConfigException;
import adit.proxy.Environment;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The part of Istio's ProxyConfig that a node proxy reads: `PROXY_CONFIG` (YAML or JSON) merged
/// over `defaultConfig` of the mesh configuration file.
record ProxyConfig(
    @Nullable String discoveryAddress,
    @Nullable Integer adminPort,
    @Nullable Integer statsPort,
    @Nullable Integer concurrency,
    Map<String, String> metadata) {
  private static final int LARGEST_FILE = 1 << 20;
  private static final int PORTS = 0xFFFF;

  static ProxyConfig read(Environment environment, Path meshFile) {
    ProxyConfig base = none();
    if (Files.isRegularFile(meshFile)) {
      String name = meshFile.toString();
      JsonNode mesh = parse(name, read(meshFile));
      base = of(name, mesh.path("defaultConfig"));
    }
    String text = environment.textOrNull("PROXY_CONFIG");
    return text == null ? base : of("PROXY_CONFIG", parse("PROXY_CONFIG", text)).over(base);
  }

  static ProxyConfig none() {
    return new ProxyConfig(null, null, null, null, Map.of());
  }

  private ProxyConfig over(ProxyConfig base) {
    var merged = new TreeMap<>(base.metadata);
    merged.putAll(metadata);
    return new ProxyConfig(
        discoveryAddress == null ? base.discoveryAddress : discoveryAddress,
        adminPort == null ? base.adminPort : adminPort,
        statsPort == null ? base.statsPort : statsPort,
        concurrency == null ? base.concurrency : concurrency,
        merged);
  }

  private static String read(Path file) {
    try {
      if (Files.size(file) > LARGEST_FILE) {
        throw new ConfigException(file.toString(), "too large", "at most 1 MiB");
      }
      return Files.readString(file);
    } catch (IOException e) {
      throw new ConfigException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode parse(String name, String text) {
    try {
      JsonNode tree = new ObjectMapper(new YAMLFactory()).readTree(text);
      if (!tree.isObject() && !tree.isMissingNode() && !tree.isNull()) {
        throw new ConfigException(name, tree.getNodeType().toString(), "a YAML or JSON object");
      }
      return tree;
    } catch (JacksonException e) {
      throw new ConfigException(name + ": not YAML: " + e.getOriginalMessage(), e);
    }
  }

  private static ProxyConfig of(String name, JsonNode tree) {
    var metadata = new TreeMap<String, String>();
    tree.path("proxyMetadata")
        .properties()
        .forEach(entry -> metadata.put(entry.getKey(), entry.getValue().asText()));
    return new ProxyConfig(
        tree.path("discoveryAddress").asText(null),
        number(name, tree, "proxyAdminPort", PORTS),
        number(name, tree, "statsPort", PORTS),
        number(name, tree, "concurrency", 1024),
        metadata);
  }

  private static @Nullable Integer number(String name, JsonNode tree, String field, int maximum) {
    JsonNode value = tree.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return null;
    }
    if (!value.canConvertToInt() || value.intValue() < 0 || value.intValue() > maximum) {
      throw new ConfigException(
          name + "." + field, value.toString(), "a whole number of 0 to " + maximum);
    }
    return value.intValue();
  }
}
