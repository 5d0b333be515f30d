package adit.cli.local.run;

import adit.cli.local.plan.PodFacts;
import adit.linux.topology.Command;
import adit.linux.topology.Completed;
import adit.linux.topology.DualStack;
import adit.linux.topology.FabricPod;
import adit.telemetry.Log;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Calls the chained plugin by the CNI protocol, version 1.1.0: operation in the environment,
/// configuration with the result so far on standard input, result or error on standard output.
///
/// @param executable the plugin
/// @param runDirectory where the node agent's socket is
/// @param log for what DEL says, which must not fail a pod's removal
public record CniPlugin(Path executable, Path runDirectory, Log log) {
  private static final String VERSION = "1.1.0";
  private static final ObjectMapper JSON = new ObjectMapper();

  /// ADD.
  ///
  /// @throws IOException the plugin refused; the message is its own
  public void add(FabricPod pod, PodFacts.Id id, DualStack gateway) throws IOException {
    Completed done = call("ADD", pod, id, gateway);
    if (done.exit() != 0) {
      throw new IOException("CNI ADD of " + id.path() + ": " + said(done));
    }
    if (!JSON.readTree(done.out()).has("ips")) {
      throw new IOException("CNI ADD of " + id.path() + ": no result: " + done.out().strip());
    }
  }

  /// DEL.
  public void delete(FabricPod pod, PodFacts.Id id, DualStack gateway) throws IOException {
    Completed done = call("DEL", pod, id, gateway);
    if (done.exit() != 0) {
      log.warn("CNI DEL failed", "pod", id.path(), "error", said(done));
    }
  }

  private Completed call(String operation, FabricPod pod, PodFacts.Id id, DualStack gateway)
      throws IOException {
    Map<String, String> env = new TreeMap<>();
    env.put("CNI_COMMAND", operation);
    env.put("CNI_CONTAINERID", id.uid());
    env.put("CNI_NETNS", pod.netns().path().toString());
    env.put("CNI_IFNAME", "eth0");
    env.put("CNI_PATH", String.valueOf(executable.getParent()));
    env.put(
        "CNI_ARGS",
        "IgnoreUnknown=1;K8S_POD_NAMESPACE="
            + id.namespace()
            + ";K8S_POD_NAME="
            + id.name()
            + ";K8S_POD_INFRA_CONTAINER_ID="
            + id.uid()
            + ";K8S_POD_UID="
            + id.uid());
    List<String> words = new ArrayList<>(List.of("env", "-i"));
    env.forEach((name, value) -> words.add(name + "=" + value));
    words.add(executable.toString());
    return Command.of(words.toArray(String[]::new))
        .reading(JSON.writeValueAsString(configuration(pod, gateway)))
        .run();
  }

  private ObjectNode configuration(FabricPod pod, DualStack gateway) {
    ObjectNode configuration = JSON.createObjectNode();
    configuration.put("cniVersion", VERSION);
    configuration.put("name", "adit-local");
    configuration.put("type", "adit-cni");
    configuration.put("cni_agent_run_dir", runDirectory.toString());
    configuration.put("ambient_enabled", true);
    configuration.set("prevResult", result(pod, gateway));
    return configuration;
  }

  private static JsonNode result(FabricPod pod, DualStack gateway) {
    ObjectNode result = JSON.createObjectNode();
    result.put("cniVersion", VERSION);
    result.putArray("interfaces").addObject().put("name", pod.link().name());
    result
        .withArray("interfaces")
        .addObject()
        .put("name", "eth0")
        .put("sandbox", pod.netns().path().toString());
    result
        .putArray("ips")
        .addObject()
        .put("interface", 1)
        .put("address", pod.addresses().ip4().getHostAddress() + "/24")
        .put("gateway", gateway.ip4().getHostAddress());
    result
        .withArray("ips")
        .addObject()
        .put("interface", 1)
        .put("address", pod.addresses().ip6().getHostAddress() + "/64")
        .put("gateway", gateway.ip6().getHostAddress());
    result.putArray("routes").addObject().put("dst", "0.0.0.0/0");
    result.withArray("routes").addObject().put("dst", "::/0");
    result.putObject("dns");
    return result;
  }

  private static String said(Completed done) {
    try {
      JsonNode error = JSON.readTree(done.out());
      String details = error.path("details").asText();
      return error.path("msg").asText(done.out()) + (details.isEmpty() ? "" : ": " + details);
    } catch (JsonProcessingException e) {
      return "exit " + done.exit() + ": " + done.out() + done.err();
    }
  }
}
