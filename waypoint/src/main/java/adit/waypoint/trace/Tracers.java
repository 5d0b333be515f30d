package adit.waypoint.trace;

import adit.l7.Telling.Traced;
import adit.l7.WaypointConfig.TraceExport;
import adit.telemetry.CounterFamily;
import adit.telemetry.Metrics;
import adit.telemetry.Stability;
import io.netty.handler.codec.http.HttpHeaders;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.IdGenerator;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/// Begins the spans of requests and has them sent. Thread-safe.
///
/// Whoever has decided about a trace has decided for us; else the share of the settings decides.
/// What is not sampled goes on with its ids all the same, so that others know.
public final class Tracers implements AutoCloseable {
  private static final int MOST_EXPORTS = 8;
  private static final int MOST_QUEUED = 2048;
  private static final int MOST_SENT = 512;
  private static final Duration BETWEEN = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final int LONGEST_VALUE = 4096;

  private final Courier courier;
  private final RandomGenerator random;
  private final Resource resource;
  private final CounterFamily counted;
  private final IdGenerator ids = IdGenerator.random();
  private final LinkedHashMap<TraceExport, SdkTracerProvider> exports =
      new LinkedHashMap<>(4, 0.75f, true);

  /// @param self what spans are told to come from, such as `service.name`
  public Tracers(
      Courier courier, RandomGenerator random, Metrics metrics, Map<String, String> self) {
    this.courier = courier;
    this.random = random;
    var attributes = Attributes.builder();
    self.forEach(attributes::put);
    this.resource = Resource.create(attributes.build());
    this.counted =
        metrics.counter(
            "adit_spans",
            "Spans of requests, by what became of them",
            Stability.UNSTABLE,
            "result");
  }

  /// A request has come.
  ///
  /// @param headers of the request: what goes on is written there
  /// @param name of its span
  public RequestTrace begin(Traced settings, HttpHeaders headers, String name, Instant now) {
    TraceHeaders came = TraceHeaders.of(headers);
    Boolean decided = came.decision();
    boolean sampled =
        decided != null ? decided : random.nextDouble() * 100 < settings.samplingPercent();
    if (sampled && settings.reported()) {
      Span span =
          provider(settings.export())
              .get("adit")
              .spanBuilder(name)
              .setParent(Context.root().with(Span.wrap(came.parent())))
              .setSpanKind(SpanKind.SERVER)
              .setStartTimestamp(now)
              .startSpan();
      TraceHeaders.write(span.getSpanContext(), came.parent(), came.form(), headers);
      return new RequestTrace(settings, span.getSpanContext(), span);
    }
    if (came.parent().isValid()) {
      // Nothing is told between the parent and the backend: they are neighbours.
      if (decided == null) {
        SpanContext parent = withFlags(came.parent(), sampled);
        TraceHeaders.write(parent, SpanContext.getInvalid(), came.form(), headers);
      }
      return new RequestTrace(settings, came.parent(), null);
    }
    SpanContext fresh =
        withFlags(
            SpanContext.create(
                ids.generateTraceId(),
                ids.generateSpanId(),
                TraceFlags.getDefault(),
                TraceState.getDefault()),
            sampled);
    TraceHeaders.write(fresh, SpanContext.getInvalid(), came.form(), headers);
    return new RequestTrace(settings, fresh, null);
  }

  private static SpanContext withFlags(SpanContext context, boolean sampled) {
    return SpanContext.create(
        context.getTraceId(),
        context.getSpanId(),
        sampled ? TraceFlags.getSampled() : TraceFlags.getDefault(),
        context.getTraceState());
  }

  private SdkTracerProvider provider(TraceExport to) {
    synchronized (exports) {
      SdkTracerProvider known = exports.get(to);
      if (known == null) {
        if (exports.size() >= MOST_EXPORTS) {
          var eldest = exports.pollFirstEntry();
          if (eldest != null) {
            var _ = eldest.getValue().shutdown();
          }
        }
        known = open(to);
        exports.put(to, known);
      }
      return known;
    }
  }

  private SdkTracerProvider open(TraceExport to) {
    return SdkTracerProvider.builder()
        .setResource(resource)
        .setSampler(Sampler.alwaysOn())
        .setIdGenerator(ids)
        .setSpanLimits(SpanLimits.builder().setMaxAttributeValueLength(LONGEST_VALUE).build())
        .addSpanProcessor(
            BatchSpanProcessor.builder(new SpanSender(to, courier, counted))
                .setMaxQueueSize(MOST_QUEUED)
                .setMaxExportBatchSize(MOST_SENT)
                .setScheduleDelay(BETWEEN)
                .setExporterTimeout(PATIENCE)
                .build())
        .build();
  }

  /// Sends what waits, within a bounded time.
  @Override
  public void close() {
    synchronized (exports) {
      exports.values().forEach(one -> one.shutdown().join(2, TimeUnit.SECONDS));
      exports.clear();
    }
  }
}
