package adit.source.object;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads pods and what makes them.
///
/// @param reader what it belongs to
record PodReader(ObjectReader reader) {
  Pod pod(ObjectMeta meta, Fields fields) {
    return new Pod(meta, spec(fields.object("spec")), status(fields.object("status")));
  }

  Deployment deployment(ObjectMeta meta, Fields fields) {
    Fields spec = fields.object("spec");
    Fields template = spec.object("template");
    Fields templateMeta = template.object("metadata");
    Map<String, String> selector = spec.object("selector").textMap("matchLabels");
    Map<String, String> labels = templateMeta.textMap("labels");
    if (selector.isEmpty() || !labels.entrySet().containsAll(selector.entrySet())) {
      spec.invalid(
          reader.mild(), "selector", "matchLabels that are also in spec.template.metadata.labels");
    }
    Deployment deployment =
        new Deployment(
            meta,
            (int) spec.integer("replicas", 1, 0, 10_000),
            selector,
            labels,
            templateMeta.textMap("annotations"),
            spec(template.object("spec")));
    spec.ignore("strategy", "minReadySeconds", "revisionHistoryLimit", "paused")
        .ignore("progressDeadlineSeconds");
    reader.strict(spec);
    reader.strict(template);
    return deployment;
  }

  private static Pod.Status status(Fields status) {
    List<String> addresses =
        status.objects(
            "podIPs",
            ip -> {
              String address = ip.text("ip");
              return address.isEmpty() ? null : address;
            });
    String single = status.text("podIP");
    boolean[] ready = {false};
    status.objects(
        "conditions",
        condition -> {
          ready[0] |=
              condition.text("type").equals("Ready") && condition.text("status").equals("True");
          return null;
        });
    return new Pod.Status(
        status.text("phase"),
        addresses.isEmpty() && !single.isEmpty() ? List.of(single) : addresses,
        status.text("hostIP"),
        ready[0]);
  }

  private Pod.Spec spec(Fields spec) {
    String legacy = spec.text("serviceAccount", "default");
    Pod.Spec result =
        new Pod.Spec(
            spec.text("serviceAccountName", legacy),
            spec.text("nodeName"),
            spec.flag("hostNetwork", false),
            spec.textMap("nodeSelector"),
            spec.integer("terminationGracePeriodSeconds", 30, 0, 86_400),
            spec.objects("containers", this::container),
            spec.objects("initContainers", this::container));
    spec.ignore("volumes", "restartPolicy", "activeDeadlineSeconds", "dnsPolicy", "hostPID")
        .ignore("automountServiceAccountToken", "hostIPC", "shareProcessNamespace", "hostUsers")
        .ignore("securityContext", "imagePullSecrets", "hostname", "subdomain", "affinity")
        .ignore("schedulerName", "tolerations", "hostAliases", "priorityClassName", "priority")
        .ignore("dnsConfig", "readinessGates", "runtimeClassName", "enableServiceLinks")
        .ignore("preemptionPolicy", "overhead", "topologySpreadConstraints", "setHostnameAsFQDN")
        .ignore("os", "schedulingGates", "resourceClaims", "resources", "ephemeralContainers");
    reader.strict(spec);
    return result;
  }

  private Container container(Fields container) {
    Container result =
        new Container(
            container.requiredText("name"),
            container.text("image"),
            container.texts("command"),
            container.texts("args"),
            container.text("workingDir"),
            container.objects("env", PodReader::env),
            container.objects("ports", this::port),
            new Container.Probes(
                probeOrNull(container.object("startupProbe")),
                probeOrNull(container.object("readinessProbe")),
                probeOrNull(container.object("livenessProbe"))),
            container.text("restartPolicy").equals("Always"));
    container
        .ignore("envFrom", "resources", "resizePolicy", "volumeMounts", "volumeDevices")
        .ignore("lifecycle", "terminationMessagePath", "terminationMessagePolicy")
        .ignore("imagePullPolicy", "securityContext", "stdin", "stdinOnce", "tty")
        .ignore("restartPolicyRules");
    reader.strict(container);
    return result;
  }

  private static Container.Env env(Fields env) {
    return new Container.Env(
        env.requiredText("name"),
        env.text("value"),
        env.object("valueFrom").object("fieldRef").text("fieldPath"));
  }

  private Container.Port port(Fields port) {
    if (!port.has("containerPort")) {
      port.invalid(Problem.Severity.ERROR, "containerPort", "1..65535");
    }
    Container.Port result =
        new Container.Port(
            port.text("name"), port.port("containerPort", 1), CoreReader.protocol(port));
    reader.strict(port.ignore("hostPort", "hostIP"));
    return result;
  }

  private Container.@Nullable Probe probeOrNull(Fields probe) {
    if (!probe.present()) {
      return null;
    }
    Container.Action action = actionOrNull(probe);
    if (action == null) {
      probe.invalid(Problem.Severity.ERROR, "one of httpGet, tcpSocket, grpc, exec with its port");
      return null;
    }
    Container.Probe result =
        new Container.Probe(
            action,
            (int) probe.integer("initialDelaySeconds", 0, 0, 86_400),
            (int) probe.integer("periodSeconds", 10, 1, 86_400),
            (int) probe.integer("timeoutSeconds", 1, 1, 86_400),
            (int) probe.integer("successThreshold", 1, 1, 1000),
            (int) probe.integer("failureThreshold", 3, 1, 1000));
    reader.strict(probe.ignore("terminationGracePeriodSeconds"));
    return result;
  }

  private static Container.@Nullable Action actionOrNull(Fields probe) {
    Fields http = probe.object("httpGet");
    Fields tcp = probe.object("tcpSocket");
    Fields grpc = probe.object("grpc");
    Fields exec = probe.object("exec");
    PortRef httpPort = http.portRefOrNull("port");
    PortRef tcpPort = tcp.portRefOrNull("port");
    if (httpPort != null) {
      return new Container.Action.HttpGet(
          http.text("scheme", "HTTP"), http.text("path", "/"), httpPort);
    }
    if (tcpPort != null) {
      return new Container.Action.TcpSocket(tcpPort);
    }
    if (grpc.has("port")) {
      return new Container.Action.Grpc(grpc.port("port", 1));
    }
    return exec.present() ? new Container.Action.Exec(exec.texts("command")) : null;
  }
}
