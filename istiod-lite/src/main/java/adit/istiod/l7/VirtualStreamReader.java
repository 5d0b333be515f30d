package adit.istiod.l7;

import adit.protos.l7.Backend;
import adit.protos.l7.StreamMatch;
import adit.protos.l7.StreamRule;
import adit.source.object.Fields;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `tls` and `tcp` of a VirtualService (networking.istio.io).
///
/// @param reading the object
record VirtualStreamReader(Reading reading) {
  /// TLS first: it is asked first.
  List<StreamRule> streams(Fields spec) {
    List<StreamRule> rules = new ArrayList<>(spec.objects("tls", route -> rule(route, true)));
    rules.addAll(spec.objects("tcp", route -> rule(route, false)));
    return rules;
  }

  private @Nullable StreamRule rule(Fields route, boolean tls) {
    List<StreamMatch> matches = new ArrayList<>();
    int[] written = {0};
    route.objects(
        "match",
        match -> {
          written[0]++;
          StreamMatch one = matchOrNull(match, tls);
          if (one != null) {
            matches.add(one);
          }
          return null;
        });
    StreamRule.Builder wire =
        StreamRule.newBuilder()
            .addAllMatches(matches)
            .addAllBackends(route.objects("route", weighted -> backend(weighted, route)));
    reading.strict(route);
    // Of one that matches nothing here nothing is left.
    return written[0] > 0 && matches.isEmpty() ? null : wire.build();
  }

  private @Nullable StreamMatch matchOrNull(Fields match, boolean tls) {
    StreamMatch.Builder wire =
        StreamMatch.newBuilder()
            .setPort(match.port("port", 0))
            .addAllDestinationSubnets(match.texts("destinationSubnets"));
    if (tls) {
      wire.addAllSni(match.texts("sniHosts"));
    }
    String client = match.text("sourceNamespace");
    if (!client.isEmpty()) {
      wire.addSourceNamespaces(client);
    }
    boolean labelled = !match.textMap("sourceLabels").isEmpty();
    List<String> gateways = match.texts("gateways");
    reading.strict(match.ignore("sourceSubnet", "sourceSubnets"));
    return labelled || (!gateways.isEmpty() && !gateways.contains("mesh")) ? null : wire.build();
  }

  private Backend backend(Fields weighted, Fields route) {
    boolean only = route.tree("route").size() == 1;
    int weight = (int) weighted.integer("weight", only ? 1 : 0, 0, 1_000_000);
    Backend backend =
        new VirtualServiceReader(reading)
            .destination(weighted.object("destination"))
            .setWeight(weight)
            .build();
    reading.strict(weighted);
    return backend;
  }
}
