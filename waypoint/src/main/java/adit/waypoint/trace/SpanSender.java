package adit.waypoint.trace;

import adit.l7.WaypointConfig.TraceExport;
import adit.telemetry.CounterFamily;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import io.opentelemetry.exporter.internal.otlp.traces.TraceRequestMarshaler;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;

/// Sends batches of spans as OTLP, over the mesh like any other request. Thread-safe.
final class SpanSender implements SpanExporter {
  private static final String GRPC = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  private static final int PREFIX = 5;

  private final TraceExport to;
  private final Courier courier;
  private final CounterFamily counted;

  /// @param counted spans, by what became of them
  SpanSender(TraceExport to, Courier courier, CounterFamily counted) {
    this.to = to;
    this.courier = courier;
    this.counted = counted;
  }

  @Override
  public CompletableResultCode export(Collection<SpanData> spans) {
    CompletableResultCode result = new CompletableResultCode();
    boolean grpc = to.httpPath().isEmpty();
    HttpHeaders headers = DefaultHttpHeadersFactory.headersFactory().newHeaders();
    headers.set("content-type", grpc ? "application/grpc" : "application/x-protobuf");
    if (grpc) {
      headers.set("te", "trailers");
    }
    int many = spans.size();
    var _ =
        courier
            .post(to, grpc ? GRPC : to.httpPath(), headers, message(spans, grpc))
            .whenComplete((taken, _) -> {
              boolean good = taken != null && taken;
              counted.series(good ? "sent" : "failed").add(many);
              if (good) {
                result.succeed();
              } else {
                result.fail();
              }
            });
    return result;
  }

  private static byte[] message(Collection<SpanData> spans, boolean grpc) {
    var marshaler = TraceRequestMarshaler.create(spans);
    int size = marshaler.getBinarySerializedSize();
    var out = new ByteArrayOutputStream(size + PREFIX);
    if (grpc) {
      out.writeBytes(ByteBuffer.allocate(PREFIX).put((byte) 0).putInt(size).array());
    }
    try {
      marshaler.writeBinaryTo(out);
    } catch (IOException e) {
      throw new IllegalStateException(e); // memory takes everything
    }
    return out.toByteArray();
  }

  @Override
  public CompletableResultCode flush() {
    return CompletableResultCode.ofSuccess();
  }

  @Override
  public CompletableResultCode shutdown() {
    return CompletableResultCode.ofSuccess();
  }
}
