package adit.waypoint.flow;

import adit.waypoint.message.RequestHandler;
import adit.waypoint.message.RequestMessage;
import adit.waypoint.message.RequestSource;
import adit.waypoint.message.ResponseSink;

/// Requests of one connection.
///
/// normalise → authenticate → authorize → limit → route → balance → forward → observe.
public final class HttpFlow implements RequestHandler {
  private final Parts parts;
  private final Arrival arrival;

  public HttpFlow(Parts parts, Arrival arrival) {
    this.parts = parts;
    this.arrival = arrival;
  }

  @Override
  public RequestSource handle(RequestMessage head, boolean end, ResponseSink sink) {
    Exchange exchange = new Exchange(parts, arrival, head, end, sink);
    exchange.start();
    return exchange;
  }

  @Override
  public void malformed(int status, String detail) {
    parts.observer().malformed(arrival.client(), status, detail);
  }

  @Override
  public void failed(Throwable cause) {
    parts.observer().broken(arrival.client(), cause);
  }
}
