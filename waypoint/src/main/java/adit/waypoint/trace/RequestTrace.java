package adit.waypoint.trace;

import adit.l7.Telling.Traced;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import org.jspecify.annotations.Nullable;

/// The part of a trace that one request is.
///
/// @param settings how it is told
/// @param context what goes on with the request
/// @param span null: nothing is told
public record RequestTrace(Traced settings, SpanContext context, @Nullable Span span) {}
