namespace Tunnel.Hub.Admin.Routing;

/// <summary>Marks an endpoint whose answer needs no protection by a key, such as whether the process is alive.</summary>
internal sealed class KeyNotNeeded;

/// <summary>Marks an endpoint that browsers are meant to open, at the hub's own names only.</summary>
internal sealed class ServedToBrowsers;

/// <summary>Marks an endpoint that is answered over the Unix socket only.</summary>
internal sealed class LocalOnly;
