using System.Text.Json;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Cli;

/// <summary>Reads the hub's answer with the allowed edges.</summary>
internal static class EdgesAnswer
{
    /// <summary>Returns the edges; members that only a newer hub knows are left out.</summary>
    public static IReadOnlyList<EdgeDefinition> Read(string answer)
    {
        using var document = JsonDocument.Parse(answer);
        return new EdgeDefinitionReader(new FaultList()).ReadSet(document.RootElement, "$", int.MaxValue);
    }
}
