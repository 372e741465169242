using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Admin.Access;

/// <summary>The keys of the admin API for whoever comes over the network.</summary>
/// <param name="Full">May do everything.</param>
/// <param name="ReadOnly">May look at everything and change nothing: for what scrapes metrics and shows pages.</param>
internal sealed record AdminKeys(AdminKey Full, AdminKey ReadOnly)
{
    /// <summary>The keys' files in the state directory.</summary>
    public static readonly string[] FileNames = ["admin-key", "admin-key-read-only"];

    /// <summary>Reads the keys, or makes them.</summary>
    /// <exception cref="OperatorException">One can't be read or kept.</exception>
    public static AdminKeys Load(string stateDir, IStateFiles files) =>
        new(AdminKey.Load(stateDir, FileNames[0], files), AdminKey.Load(stateDir, FileNames[1], files));
}
