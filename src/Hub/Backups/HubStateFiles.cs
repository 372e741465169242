using Tunnel.Hub.Accepting;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Blocks;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.Keeping;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.Backups;

/// <summary>The names of the hub's files in its state directory.</summary>
internal static class HubStateFiles
{
    /// <summary>The files that make up the hub's state, and that a backup has.</summary>
    public static readonly string[] Kept =
    [
        EdgeStateFormat.FileName, BlockFormat.FileName, HubAddressFile.FileName, PresenceFile.FileName, HubCertificate.FileName,
        HubCertificates.NextFileName, ResetKey.FileName, .. SecretMemoryFile.FileNames, .. AdminKeys.FileNames,
    ];

    /// <summary>All files, with those that only say how far the hub, or a restore, has come.</summary>
    public static readonly string[] All = [.. Kept, RunMarker.FileName, Restore.FileName, ReplicaId.FileName];
}
