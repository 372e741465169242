using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Secrets;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.UnitTests.Edges.Secrets;
using Tunnel.Shared.Files;
using Tunnel.Shared.Operator;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Edges;

/// <summary>Makes what tests of edges need.</summary>
internal static class TestEdges
{
    public const string Secret = "0123456789abcdef";
    public const string OtherSecret = "fedcba9876543210";

    public static EdgeDefinition Edge(string id, params PortRange[] tcp) => new() { Id = id, ListenPorts = [.. tcp] };

    public static EdgeDefinition WithSecret(string id, string secret = Secret) => new() { Id = id, Secret = secret, ListenPorts = [443] };

    public static EdgeStore Store(
        string directory, ISecretHasher? hasher = null, TimeProvider? time = null, IStateFiles? files = null, int maxEdges = 100,
        SecretMemory? memory = null) =>
        new(
            EdgeStateFormat.FileIn(directory, files ?? new StateFiles()), hasher ?? new CountingHasher(), memory ?? new SecretMemory(),
            maxEdges, time ?? new ManualTimeProvider(), NullLoggerFactory.Instance);

    /// <summary>Returns everything that reading and validating a set finds.</summary>
    public static ImmutableArray<Fault> Faults(string json, Func<string, bool>? hasSecret = null, int maxEdges = 100) =>
        Faults(json, hasSecret ?? (_ => true), maxEdges, isStored: false);

    /// <summary>Returns everything that validating finds in a set that was accepted before.</summary>
    public static ImmutableArray<Fault> StoredFaults(string json) => Faults(json, _ => true, maxEdges: 100, isStored: true);

    private static ImmutableArray<Fault> Faults(string json, Func<string, bool> hasSecret, int maxEdges, bool isStored)
    {
        using var document = JsonText.Parse(Encoding.UTF8.GetBytes(json), out _)!;
        var faults = new FaultList();
        var edges = new EdgeDefinitionReader(faults).ReadSet(document.RootElement, "$", maxEdges);
        return Fault.Merge(faults.ToImmutable(), EdgeSetValidator.Validate(edges, hasSecret, maxEdges, isStored: isStored).ErrorList);
    }
}
