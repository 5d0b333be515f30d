package adit.istiod.l7;

import adit.protos.l7.LoadBalancer;
import adit.source.object.Fields;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/// `loadBalancer` of a DestinationRule.
///
/// @param reading the object
record LoadBalancerReader(Reading reading) {
  private static final int MOST_AGGRESSION = 999;

  LoadBalancer read(Fields balancer) {
    LoadBalancer.Builder wire = LoadBalancer.newBuilder();
    Fields hash = balancer.object("consistentHash");
    if (hash.present()) {
      wire.setConsistentHash(hash(hash));
    } else {
      wire.setSimple(simple(balancer));
    }
    var warmup = reading.durationOrNull(balancer, "warmupDurationSecs");
    Fields slow = balancer.object("warmup");
    if (slow.present()) {
      warmup = reading.durationOrNull(slow, "duration");
      wire.setWarmupAggression(slow.number("aggression", 1, 1, MOST_AGGRESSION))
          .setWarmupMinimumPercent((int) slow.number("minimumPercent", 10, 0, 100));
      reading.strict(slow);
    }
    if (warmup != null) {
      wire.setWarmup(warmup);
    }
    Fields locality = balancer.object("localityLbSetting");
    if (locality.present()) {
      wire.setLocality(locality(locality));
    }
    reading.strict(balancer);
    return wire.build();
  }

  private LoadBalancer.Simple simple(Fields balancer) {
    return switch (balancer.text("simple", "UNSPECIFIED")) {
      case "ROUND_ROBIN" -> LoadBalancer.Simple.ROUND_ROBIN;
      case "RANDOM" -> LoadBalancer.Simple.RANDOM;
      case "PASSTHROUGH" -> LoadBalancer.Simple.PASSTHROUGH;
      case "UNSPECIFIED", "LEAST_REQUEST", "LEAST_CONN" -> LoadBalancer.Simple.LEAST_REQUEST;
      default -> {
        reading.wrong(balancer, "simple", "LEAST_REQUEST, ROUND_ROBIN, RANDOM or PASSTHROUGH");
        yield LoadBalancer.Simple.LEAST_REQUEST;
      }
    };
  }

  private LoadBalancer.ConsistentHash hash(Fields hash) {
    LoadBalancer.ConsistentHash.Builder wire = LoadBalancer.ConsistentHash.newBuilder();
    Fields cookie = hash.object("httpCookie");
    if (cookie.present()) {
      wire.setCookie(cookie(cookie));
    } else if (hash.has("httpHeaderName")) {
      wire.setHeader(hash.text("httpHeaderName"));
    } else if (hash.has("httpQueryParameterName")) {
      wire.setQuery(hash.text("httpQueryParameterName"));
    } else {
      wire.setSourceIp(hash.flag("useSourceIp", true));
    }
    Fields ring = hash.object("ringHash");
    long least = hash.integer("minimumRingSize", 0, 0, 1 << 23);
    wire.setMinimumRingSize(ring.integer("minimumRingSize", least, 0, 1 << 23));
    reading.strict(ring);
    Fields maglev = hash.object("maglev");
    if (maglev.present()) {
      wire.setMaglevTableSize(maglev.integer("tableSize", 65_537, 1, 5_000_011));
    }
    reading.strict(maglev);
    reading.strict(hash);
    return wire.build();
  }

  private LoadBalancer.Cookie cookie(Fields cookie) {
    LoadBalancer.Cookie.Builder wire =
        LoadBalancer.Cookie.newBuilder()
            .setName(cookie.requiredText("name"))
            .setPath(cookie.text("path"));
    var ttl = reading.durationOrNull(cookie, "ttl");
    if (ttl != null) {
      wire.setTtl(ttl);
    }
    reading.strict(cookie.ignore("attributes"));
    return wire.build();
  }

  private LoadBalancer.Locality locality(Fields locality) {
    LoadBalancer.Locality.Builder wire =
        LoadBalancer.Locality.newBuilder()
            .setDisabled(!locality.flag("enabled", true))
            .addAllFailoverPriority(locality.texts("failoverPriority"));
    locality.objects("distribute", this::distribute).forEach(wire::addDistribute);
    locality
        .objects(
            "failover",
            failover -> {
              LoadBalancer.Failover one =
                  LoadBalancer.Failover.newBuilder()
                      .setFrom(failover.text("from"))
                      .setTo(failover.text("to"))
                      .build();
              reading.strict(failover);
              return one;
            })
        .forEach(wire::addFailover);
    reading.strict(locality);
    return wire.build();
  }

  private LoadBalancer.Distribute distribute(Fields distribute) {
    LoadBalancer.Distribute.Builder wire =
        LoadBalancer.Distribute.newBuilder().setFrom(distribute.text("from"));
    for (Map.Entry<String, JsonNode> share : distribute.tree("to").properties()) {
      if (share.getValue().isInt() && share.getValue().intValue() >= 0) {
        wire.putTo(share.getKey(), share.getValue().intValue());
      } else {
        reading.wrong(distribute, "to", "whole numbers by locality");
      }
    }
    reading.strict(distribute);
    return wire.build();
  }
}
