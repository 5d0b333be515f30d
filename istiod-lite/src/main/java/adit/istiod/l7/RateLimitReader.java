package adit.istiod.l7;

import adit.protos.l7.Match;
import adit.protos.l7.NamedMatch;
import adit.protos.l7.PathMatch;
import adit.protos.l7.RateLimit;
import adit.protos.l7.RateLimit.Descriptor;
import adit.protos.l7.RateLimit.Descriptor.Attribute;
import adit.protos.l7.StringMatch;
import adit.source.object.Fields;
import java.time.Duration;

/// RateLimit (adit.io): how many requests, by what they carry and who sends them.
///
/// @param reading the object
record RateLimitReader(Reading reading) {
  private static final int MOST = 1_000_000_000;

  /// All but names.
  void read(Fields spec, RateLimit.Builder wire) {
    wire.addAllTargets(new Targets(reading).read(spec));
    spec.objects("limits", this::limit).forEach(wire::addLimits);
    if (wire.getLimitsCount() == 0) {
      reading.wrong(spec, "limits", "at least one limit");
    }
    if (!spec.has("targetRefs")) {
      reading.wrong(spec, "targetRefs", "at least one target");
    }
    reading.strict(spec);
  }

  private RateLimit.Limit limit(Fields limit) {
    RateLimit.Limit.Builder wire =
        RateLimit.Limit.newBuilder()
            .setName(limit.text("name"))
            .setRequests((int) limit.integer("requests", 0, 1, MOST))
            .setBurst((int) limit.integer("burst", 0, 0, MOST));
    if (!limit.has("requests")) {
      reading.wrong(limit, "requests", "a whole number 1.." + MOST);
      wire.setRequests(1);
    }
    wire.setUnit(Reading.wire(unit(limit)));
    limit.objects("matches", this::match).forEach(wire::addMatches);
    limit.objects("by", this::descriptor).forEach(wire::addBy);
    reading.strict(limit);
    return wire.build();
  }

  private Duration unit(Fields limit) {
    return switch (limit.text("unit", "Second")) {
      case "Second" -> Duration.ofSeconds(1);
      case "Minute" -> Duration.ofMinutes(1);
      case "Hour" -> Duration.ofHours(1);
      case "Day" -> Duration.ofDays(1);
      default -> {
        reading.wrong(limit, "unit", "Second, Minute, Hour or Day");
        yield Duration.ofSeconds(1);
      }
    };
  }

  private Match match(Fields match) {
    Match.Builder wire = Match.newBuilder();
    Fields path = match.object("path");
    if (path.present()) {
      wire.setPath(path(path));
    }
    String method = match.text("method");
    if (!method.isEmpty()) {
      wire.setMethod(StringMatch.newBuilder().setExact(method));
    }
    match.objects("headers", this::header).forEach(wire::addHeaders);
    reading.strict(match);
    return wire.build();
  }

  private PathMatch path(Fields path) {
    String value = path.text("value", "/");
    PathMatch.Builder wire = PathMatch.newBuilder();
    switch (path.text("type", "PathPrefix")) {
      case "Exact" -> wire.setExact(value);
      case "PathPrefix" -> wire.setPrefix(value);
      case "RegularExpression" -> wire.setRegex(value);
      default -> {
        reading.wrong(path, "type", "Exact, PathPrefix or RegularExpression");
        wire.setPrefix(value);
      }
    }
    reading.strict(path);
    return wire.build();
  }

  private NamedMatch header(Fields header) {
    StringMatch.Builder value = StringMatch.newBuilder();
    if (!header.has("value")) {
      value.setPresent(true);
    } else if (header.text("type", "Exact").equals("RegularExpression")) {
      value.setRegex(header.text("value"));
    } else {
      value.setExact(header.text("value"));
    }
    NamedMatch wire =
        NamedMatch.newBuilder().setName(header.requiredText("name")).setValue(value).build();
    reading.strict(header.ignore("type"));
    return wire;
  }

  private Descriptor descriptor(Fields by) {
    Descriptor.Builder wire = Descriptor.newBuilder();
    if (by.has("header")) {
      wire.setHeader(by.requiredText("header"));
    } else if (by.has("claim")) {
      wire.setClaim(by.requiredText("claim"));
    } else {
      wire.setAttribute(attribute(by));
    }
    reading.strict(by.ignore("attribute"));
    return wire.build();
  }

  private Attribute attribute(Fields by) {
    return switch (by.text("attribute")) {
      case "Method" -> Attribute.METHOD;
      case "Path" -> Attribute.PATH;
      case "Host" -> Attribute.HOST;
      case "Identity" -> Attribute.SOURCE_IDENTITY;
      case "Namespace" -> Attribute.SOURCE_NAMESPACE;
      case "Address" -> Attribute.SOURCE_IP;
      default -> {
        reading.wrong(
            by,
            "attribute",
            "header, claim, or an attribute: Method, Path, Host, Identity, Namespace or Address");
        yield Attribute.SOURCE_IDENTITY;
      }
    };
  }
}
