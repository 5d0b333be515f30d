package adit.proxy;

import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/// Handlers for signals. The class behind it is exported by `jdk.unsupported` but hidden from
/// compilers, so it is reached by reflection; without it the JVM's own handling stays.
public final class Signals {
  private Signals() {}

  /// Ends the process as the reference does: SIGTERM and the first SIGINT let it drain, a second
  /// SIGINT does not wait.
  ///
  /// @param shutDown begins the end; told why
  public static void endBy(Consumer<String> shutDown) {
    var interrupts = new AtomicInteger();
    on("TERM", () -> shutDown.accept("SIGTERM"));
    on(
        "INT",
        () -> {
          if (interrupts.incrementAndGet() > 1) {
            Runtime.getRuntime().halt(0);
          }
          shutDown.accept("SIGINT");
        });
  }

  /// @param name without `SIG`: `TERM`, `INT`
  private static void on(String name, Runnable handler) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handlerType.getClassLoader(),
              new Class<?>[] {handlerType},
              (self, method, arguments) ->
                  switch (method.getName()) {
                    case "handle" -> {
                      handler.run();
                      yield null;
                    }
                    case "hashCode" -> handler.hashCode();
                    case "equals" -> handler.equals(arguments[0]);
                    default -> "signal " + name;
                  });
      signal
          .getMethod("handle", signal, handlerType)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    } catch (ReflectiveOperationException | IllegalArgumentException _) {
      // The JVM's own handling stays.
    }
  }
}
