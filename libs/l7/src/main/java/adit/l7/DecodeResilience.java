package adit.l7;

import adit.l7.Retry.Condition;
import adit.l7.Rule.Cors;
import adit.l7.Rule.Fault;
import adit.l7.Rule.Fraction;
import adit.l7.Rule.Session;
import adit.model.InvalidResource;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/// Retries, faults, CORS and sessions as checked records.
final class DecodeResilience {
  private static final int MAX_ATTEMPTS = 100;

  private final Checked checked;

  DecodeResilience(Checked checked) {
    this.checked = checked;
  }

  Retry retry(adit.protos.l7.Retry wire) throws InvalidResource {
    if (wire.getAttempts() == 0) {
      return Retry.NONE;
    }
    EnumSet<Condition> on = EnumSet.noneOf(Condition.class);
    Set<Integer> codes = new HashSet<>();
    for (String text : wire.getRetryOnList()) {
      if (text.matches("[1-5][0-9]{2}")) {
        codes.add(Integer.valueOf(text));
      } else {
        on.add(condition(text));
      }
    }
    for (int code : wire.getCodesList()) {
      codes.add(checked.number("retry.codes", code, 100, 599));
    }
    // Codes say what else is worth a retry, not that a refused connection is not.
    if (on.isEmpty()) {
      on.addAll(Retry.DEFAULT.on());
    }
    Duration backoff = checked.duration("retry.backoff", wire.getBackoff());
    return new Retry(
        checked.number("retry.attempts", wire.getAttempts(), 0, MAX_ATTEMPTS),
        checked.duration("retry.per_try_timeout", wire.getPerTryTimeout()),
        on,
        codes,
        backoff.isZero() ? Retry.DEFAULT.backoff() : backoff);
  }

  private Condition condition(String text) throws InvalidResource {
    for (Condition one : Condition.values()) {
      if (one.text().equals(text)) {
        return one;
      }
    }
    throw checked.bad("retry.retry_on", text, "a condition of the VirtualService API, or a status");
  }

  Fault fault(adit.protos.l7.Fault wire) throws InvalidResource {
    Fault.Delay delay =
        wire.hasDelay()
            ? new Fault.Delay(
                share("fault.delay", wire.getDelay().hasFraction(), wire.getDelay().getFraction()),
                checked.duration("fault.delay.fixed", wire.getDelay().getFixed()))
            : null;
    return new Fault(delay, wire.hasAbort() ? abort(wire.getAbort()) : null);
  }

  private Fault.Abort abort(adit.protos.l7.Fault.Abort wire) throws InvalidResource {
    Fraction fraction = share("fault.abort", wire.hasFraction(), wire.getFraction());
    return switch (wire.getKindCase()) {
      case HTTP_STATUS ->
          new Fault.Abort(
              fraction,
              checked.number("fault.abort.http_status", wire.getHttpStatus(), 200, 599),
              -1);
      case GRPC_STATUS ->
          new Fault.Abort(
              fraction, 0, checked.number("fault.abort.grpc_status", wire.getGrpcStatus(), 0, 16));
      case KIND_NOT_SET -> throw checked.bad("fault.abort", "unset", "http_status or grpc_status");
    };
  }

  private Fraction share(String field, boolean set, adit.protos.l7.Fraction wire)
      throws InvalidResource {
    return set ? fraction(field, wire) : Fraction.ALL;
  }

  Fraction fraction(String field, adit.protos.l7.Fraction wire) throws InvalidResource {
    int denominator =
        wire.getDenominator() == 0
            ? 100
            : checked.number(field + ".denominator", wire.getDenominator(), 1, Integer.MAX_VALUE);
    return new Fraction(
        checked.number(field + ".numerator", wire.getNumerator(), 0, denominator), denominator);
  }

  Cors cors(adit.protos.l7.Cors wire) throws InvalidResource {
    return new Cors(
        Checked.each(wire.getAllowOriginsList(), one -> checked.string("cors.allow_origins", one)),
        wire.getAllowMethodsList(),
        wire.getAllowHeadersList(),
        wire.getExposeHeadersList(),
        checked.duration("cors.max_age", wire.getMaxAge()),
        wire.getAllowCredentials());
  }

  Session session(adit.protos.l7.SessionPersistence wire) throws InvalidResource {
    boolean cookie =
        switch (wire.getKind()) {
          case COOKIE -> true;
          case HEADER -> false;
          case KIND_UNSPECIFIED, UNRECOGNIZED ->
              throw checked.bad("session.kind", wire.getKindValue(), "COOKIE or HEADER");
        };
    String name = checked.notEmpty("session.name", wire.getName());
    return new Session(
        cookie,
        cookie ? name : name.toLowerCase(Locale.ROOT),
        checked.duration("session.absolute_timeout", wire.getAbsoluteTimeout()),
        checked.duration("session.idle_timeout", wire.getIdleTimeout()),
        wire.getPermanent());
  }
}
