using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Admin.Access;

/// <summary>The keys of the admin API for access over the network.</summary>
/// <param name="Full">Allows everything.</param>
/// <param name="ReadOnly">Allows reading everything and changing nothing, for programs that scrape metrics or show pages.</param>
internal sealed record AdminKeys(AdminKey Full, AdminKey ReadOnly)
{
    /// <summary>The names of the keys' files in the state directory.</summary>
    public static readonly string[] FileNames = ["admin-key", "admin-key-read-only"];

    /// <summary>Reads the keys, or makes them.</summary>
    /// <exception cref="OperatorException">A key can't be read or kept.</exception>
    public static AdminKeys Load(string stateDir, IStateFiles files) =>
        new(AdminKey.Load(stateDir, FileNames[0], files), AdminKey.Load(stateDir, FileNames[1], files));
}
