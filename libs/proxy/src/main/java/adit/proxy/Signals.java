package adit.proxy;

import java.lang.reflect.Proxy;

/// Handlers for signals. The class behind it is exported by `jdk.unsupported` but hidden from
/// compilers, so it is reached by reflection; without it the JVM's own handling stays.
public final class Signals {
  private Signals() {}

  /// @param name without `SIG`: `TERM`, `INT`
  /// @return whether the handler was installed
  public static boolean on(String name, Runnable handler) {
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
      return true;
    } catch (ReflectiveOperationException | IllegalArgumentException _) {
      return false;
    }
  }
}
