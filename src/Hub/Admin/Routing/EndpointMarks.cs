namespace Tunnel.Hub.Admin.Routing;

/// <summary>Marks an endpoint that tells nothing worth a key, such as whether the process is alive.</summary>
internal sealed class KeyNotNeeded;

/// <summary>Marks an endpoint that is answered over the Unix socket alone.</summary>
internal sealed class LocalOnly;
