package adit.cli.explain;

import adit.cli.explain.Explainer.Endpoint;
import adit.cli.explain.Explanation.Detail;
import adit.cli.explain.Explanation.Hop;
import adit.cli.explain.Explanation.Verdict;
import adit.model.MeshView;
import adit.model.Policy;
import adit.model.Workload;
import adit.model.Workload.TunnelProtocol;
import adit.model.authorize.Authorizer;
import adit.model.authorize.Connection;
import adit.model.authorize.Refusal;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The nodes' proxies before the workloads that a request may end at, asked one after the other.
final class Servers {
  private static final int MOST_SHOWN = 12;

  /// As the control plane calls what it makes of policies with targets, and of STRICT.
  private static final String GUARD = "adit_guard_";

  private static final String CONVERTED = "istio_converted_static_strict";

  private final MeshView mesh;
  private final List<Hop> hops = new ArrayList<>();
  private final Set<Workload> refused = new LinkedHashSet<>();
  private final Set<String> policies = new LinkedHashSet<>();
  private final List<String> missing = new ArrayList<>();
  private int allowing;
  private int refusing;

  Servers(MeshView mesh) {
    this.mesh = mesh;
  }

  /// Asks all that may be chosen.
  ///
  /// @param peer who dials them
  /// @param identified whether it shows its identity
  /// @param what is dialled, for messages
  void ask(Workload peer, boolean identified, List<Endpoint> endpoints, String what) {
    if (endpoints.isEmpty()) {
      missing.add(what + " has no ready endpoint");
      hops.add(new Hop("server " + what, "no ready endpoint", List.of()));
    }
    for (Endpoint endpoint : endpoints) {
      Refusal refusal = ask(peer, identified, endpoint);
      if (refusal == null) {
        allowing++;
      } else {
        refusing++;
        refused.add(peer);
        policies.add(refusal.policy());
      }
    }
  }

  private @Nullable Refusal ask(Workload peer, boolean identified, Endpoint endpoint) {
    Workload workload = endpoint.workload();
    String where = "server " + Ends.text(workload);
    if (workload.protocol() != TunnelProtocol.HBONE) {
      show(new Hop(where, "not in the mesh: nobody checks there", List.of()));
      return null;
    }
    InetAddress from =
        peer.addresses().isEmpty() ? InetAddress.getLoopbackAddress() : peer.addresses().getFirst();
    var connection =
        new Connection(from, identified ? peer.identity() : null, endpoint.ip(), endpoint.target());
    List<String> absent = mesh.missingPolicies(workload);
    if (!absent.isEmpty()) {
      Refusal refusal =
          new Refusal(
              "",
              Refusal.Stage.AUTHORIZE,
              String.join(",", absent),
              "",
              "every policy that the workload names",
              "policies that proxies refuse or have not got",
              "");
      show(new Hop(where, "REFUSED", List.of(new Detail("policy", refusal.sentence()))));
      return refusal;
    }
    List<Detail> details = new ArrayList<>();
    var verdict = Authorizer.check(mesh, workload, connection);
    verdict.dryRun().forEach(line -> details.add(new Detail("policy", line)));
    Refusal refusal =
        switch (verdict) {
          case adit.model.authorize.Verdict.Denied(_, var why, _) -> why;
          case adit.model.authorize.Verdict.Permit _ -> null;
        };
    details.add(new Detail("policy", refusal == null ? allowed(workload) : refusal.sentence()));
    show(
        new Hop(
            where,
            (refusal == null ? "allowed" : "REFUSED") + " on port " + endpoint.target(),
            details));
    return refusal;
  }

  private void show(Hop hop) {
    if (hops.size() < MOST_SHOWN) {
      hops.add(hop);
    }
  }

  private String allowed(Workload workload) {
    List<String> keys =
        mesh.policiesFor(workload).stream().map(Policy::key).sorted().limit(8).toList();
    return keys.isEmpty() ? "none: allowed" : "asked, and none refuses: " + String.join(", ", keys);
  }

  List<Hop> hops() {
    return List.copyOf(hops);
  }

  /// Whether one of them refuses this peer.
  boolean refuses(Workload peer) {
    return refused.contains(peer);
  }

  private String names() {
    return String.join(", ", policies);
  }

  private static String advice(String key) {
    if (key.contains("/" + GUARD)) {
      return "a waypoint enforces a policy here, and nobody gets around it: the client has to be in the mesh, the service has to have a waypoint";
    }
    if (key.contains(CONVERTED)) {
      return "PeerAuthentication asks for STRICT: label the client's namespace istio.io/dataplane-mode=ambient";
    }
    return "kubectl get authorizationpolicy -n "
        + key.replace("/", " ")
        + " -o yaml   # or its file";
  }

  /// What all of them together come to.
  ///
  /// @param path all hops
  /// @param advice for a refusal; empty: none
  Explanation conclusion(List<Hop> path, String advice) {
    if (refusing + allowing == 0) {
      return new Explanation(
          Verdict.REFUSED,
          "REFUSED: " + String.join("; ", missing),
          path,
          List.of(
              "kubectl get endpointslices,pods   # which pods are ready, or adit local status"));
    }
    if (refusing == 0) {
      return new Explanation(Verdict.ALLOWED, "ALLOWED", path, List.of());
    }
    List<String> next = new ArrayList<>();
    if (!advice.isEmpty()) {
      next.add(advice);
    }
    for (String key : policies.stream().flatMap(one -> Stream.of(one.split(",", -1))).toList()) {
      next.add(advice(key));
    }
    return allowing == 0
        ? new Explanation(Verdict.REFUSED, "REFUSED at the server by policy " + names(), path, next)
        : new Explanation(
            Verdict.DEPENDS,
            "DEPENDS on the endpoint: "
                + refusing
                + " of "
                + (refusing + allowing)
                + " refuse, by policy "
                + names(),
            path,
            next);
  }
}
