using System.Net;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>A set of allowed edges whose secrets are in the clear.</summary>
internal sealed class FakeAllowedEdges : IAllowedEdges
{
    private readonly Dictionary<string, (AllowedEdge Edge, string Secret, Guid SecretId)> _edges = [];

    public event Action<EdgeSetChange>? Changed;

    public bool IsBusy { get; set; }

    /// <summary>Whether the last edge that asked was said to be blocked.</summary>
    public bool WasBlocked { get; private set; }

    /// <summary>Adds or changes an edge without telling anybody; the secret's identity stays while the secret does.</summary>
    public AllowedEdge Put(EdgeDefinition definition)
    {
        var edge = AllowedEdge.From(definition);
        var known = _edges.TryGetValue(definition.Id, out var old);
        var secret = definition.Secret ?? old.Secret ?? "secret";
        _edges[definition.Id] = (edge, secret, known && old.Secret == secret ? old.SecretId : Guid.NewGuid());
        return edge;
    }

    public void Change(EdgeDefinition definition, long revision = 0)
    {
        Put(definition).Revision = revision;
        Changed?.Invoke(new EdgeSetChange([], [definition.Id], []));
    }

    public void Remove(string id)
    {
        _edges.Remove(id);
        Changed?.Invoke(new EdgeSetChange([], [], [id]));
    }

    public Guid SecretIdOf(string id) => _edges[id].SecretId;

    public int Count => _edges.Count;

    public AllowedEdge? Find(string id) => _edges.TryGetValue(id, out var entry) ? entry.Edge : null;

    public ValueTask<AuthenticationResult> AuthenticateAsync(
        string id, string secret, IPAddress from, bool blocked, CancellationToken cancellationToken)
    {
        WasBlocked = blocked;
        if (IsBusy)
            return new(AuthenticationResult.Busy);
        return new(_edges.TryGetValue(id, out var entry) && entry.Edge.Enabled && entry.Secret == secret
            ? AuthenticationResult.Accepted(entry.Edge, entry.SecretId)
            : AuthenticationResult.Refused);
    }

    public bool IsStillValid(string edgeId, Guid secretId) =>
        _edges.TryGetValue(edgeId, out var entry) && entry.Edge.Enabled && entry.SecretId == secretId;
}
