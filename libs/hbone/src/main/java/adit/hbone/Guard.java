package adit.hbone;

import adit.hbone.wire.Allowance;
import adit.hbone.wire.ConnectionError;
import io.netty.util.concurrent.Ticker;

/// What a peer may do that costs us more than it, with room for every healthy use.
///
/// A reset of a tunnel that was open is no attack, however often: on a shared tunnel one comes for
/// every client that goes away. What is counted are resets of requests that had no answer yet
/// (rapid reset), errors that we had to answer, and frames that make us answer or look for nothing.
final class Guard {
  private final Ticker ticker;
  private final Allowance abandonedRequests;
  private final Allowance errors;
  private final Allowance pings;
  private final Allowance settings;
  private final Allowance noise;
  private final Allowance updates;

  Guard(Ticker ticker) {
    this.ticker = ticker;
    long now = ticker.nanoTime();
    this.abandonedRequests = new Allowance("requests given up", 500, 200, now);
    this.errors = new Allowance("stream errors", 1024, 20, now);
    this.pings = new Allowance("PING frames", 200, 20, now);
    this.settings = new Allowance("SETTINGS frames", 50, 2, now);
    this.noise = new Allowance("frames without meaning", 2000, 100, now);
    this.updates = new Allowance("WINDOW_UPDATE frames", 50_000, 20_000, now);
  }

  void abandonedRequest() throws ConnectionError {
    abandonedRequests.take(ticker.nanoTime());
  }

  void error() throws ConnectionError {
    errors.take(ticker.nanoTime());
  }

  void ping() throws ConnectionError {
    pings.take(ticker.nanoTime());
  }

  void settings() throws ConnectionError {
    settings.take(ticker.nanoTime());
  }

  void noise() throws ConnectionError {
    noise.take(ticker.nanoTime());
  }

  void update() throws ConnectionError {
    if (!updates.takeQuickly()) {
      updates.take(ticker.nanoTime());
    }
  }
}
