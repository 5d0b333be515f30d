package adit.cni.agent.zds;

import adit.linux.Netns;
import org.jspecify.annotations.Nullable;

/// A pod as the proxy is told about it.
///
/// @param uid the pod's UID
/// @param name its name
/// @param namespace its namespace
/// @param serviceAccount its service account
/// @param netns its network namespace, owned by whoever announces the pod and open until the pod is
///   withdrawn; null when it is not known yet and the proxy should keep what it has
public record ZdsPod(
    String uid, String name, String namespace, String serviceAccount, @Nullable Netns netns) {}
