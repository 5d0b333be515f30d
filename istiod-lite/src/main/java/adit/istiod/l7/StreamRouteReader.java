package adit.istiod.l7;

import adit.protos.l7.Backend;
import adit.protos.l7.StreamMatch;
import adit.protos.l7.StreamRule;
import adit.source.object.Fields;
import java.util.List;

/// Rules of TCPRoute and TLSRoute (gateway.networking.k8s.io/v1).
///
/// @param reading the route
record StreamRouteReader(Reading reading) {
  /// Rules of a TCPRoute.
  List<StreamRule> tcp(Fields spec) {
    return spec.objects("rules", rule -> rule(rule, List.of()));
  }

  /// Rules of a TLSRoute: its hostnames are server names.
  List<StreamRule> tls(Fields spec) {
    List<String> names = spec.texts("hostnames");
    return spec.objects("rules", rule -> rule(rule, names));
  }

  private StreamRule rule(Fields rule, List<String> names) {
    StreamRule.Builder wire =
        StreamRule.newBuilder()
            .setName(rule.text("name"))
            .addAllBackends(rule.objects("backendRefs", this::backend));
    if (!names.isEmpty()) {
      wire.addMatches(StreamMatch.newBuilder().addAllSni(names));
    }
    reading.strict(rule);
    return wire.build();
  }

  private Backend backend(Fields ref) {
    Backend backend = reading.backendRef(ref).setWeight(reading.weight(ref, "weight")).build();
    reading.strict(ref);
    return backend;
  }
}
