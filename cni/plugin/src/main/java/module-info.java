/// The CNI plugin: a short-lived program that the container runtime runs once for each network
/// operation of a pod. It needs nothing but `java.base`, so that its runtime stays small and starts
/// fast.
module adit.cni.plugin {
  requires static transitive org.jspecify;

  exports adit.cni.plugin;
}
