using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Files;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Keeps what the hub has renewed since the token was made (protocol.md section 7): this edge's secret, and where the hub will be. It is
/// kept in the state directory, in a file of mode 0600, and takes effect once it is on the disk. It belongs to the token that it renews:
/// with another token it is ignored. When the hub refuses the renewed secret, or no hub answers at the renewed address, dials alternate
/// with what the token says. Several hubs of one edge each have their own; a secret that one of them has renewed is tried at the others
/// too, since they may share what they know. Thread-safe.
/// </summary>
internal sealed class HubRenewals
{
    internal const string FileName = "hub-renewals.json";
    private const int MaxFileSize = 64 << 10;

    private readonly Lock _lock = new();
    private readonly StateFiles _files = new();
    private readonly string? _path;
    private readonly ConnectorOptions _start;
    private readonly string _startName;
    private readonly ILogger _logger;
    private readonly ChangeSignal _offers = new();
    private RenewalState _kept;
    private string? _offered;
    private int _secretsRefused;
    private bool _usesNewAddress;

    /// <param name="stateDirectory">Where renewals are kept; null means that none can be kept, and the hub is told so.</param>
    /// <param name="start">What the token says.</param>
    /// <param name="logger">Where errors with the file are logged.</param>
    public HubRenewals(string? stateDirectory, ConnectorOptions start, ILogger logger)
    {
        (_start, _logger) = (start, logger);
        _path = stateDirectory is null ? null : Path.Combine(stateDirectory, start.FileFor(FileName));
        _startName = NameOf(start);
        _kept = Load();
        _usesNewAddress = _kept.AddressWorks;
    }

    /// <summary>Returns the hash that stands for a token in the file.</summary>
    internal static string NameOf(ConnectorOptions start) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{start.EdgeId}\n{start.HubName}\n{start.Secret}")));

    /// <summary>The edge's other hubs.</summary>
    public IReadOnlyList<HubRenewals> Others { get; set; } = [];

    /// <summary>
    /// A secret that another hub has renewed while this process runs, and that this hub may know, too; null when there is none.
    /// </summary>
    public string? Offered => Volatile.Read(ref _offered);

    /// <summary>Completes when there is another <see cref="Offered"/>.</summary>
    public Task NextOffer => _offers.Next;

    /// <summary>The address and the secret that the next dial uses.</summary>
    public HubAccess Current
    {
        get
        {
            lock (_lock)
            {
                var secret = Secret;
                return _usesNewAddress && _kept.Address is { } address
                    && HostSyntax.TryParseHostAndPort(address, out var host, out var port)
                    ? new HubAccess(host, port ?? _start.HubPort, secret)
                    : new HubAccess(_start.HubHost, _start.HubPort, secret);
            }
        }
    }

    /// <summary>The secrets that may be meant, in the order in which they are tried.</summary>
    public ImmutableArray<string> Secrets =>
    [
        .. new[] { Volatile.Read(ref _kept).Secret }.Concat(Others.Select(static other => Volatile.Read(ref other._kept).Secret))
            .Append(_start.Secret).OfType<string>().Distinct(),
    ];

    /// <summary>Returns an edge's options with the address and the secret that are in force.</summary>
    public TunnelEdgeOptions ApplyTo(TunnelEdgeOptions options)
    {
        var (host, port, secret) = Current;
        return options with { HubHost = host, HubPort = port, Secret = secret };
    }

    /// <summary>Keeps what a configuration renews. Blocks while the file is written.</summary>
    /// <returns>What to tell the hub; null when the configuration renews nothing.</returns>
    public KeptReport? Keep(string? secret, string? address)
    {
        if (secret is null && address is null)
            return null;
        var kept = TryKeep(secret, address);
        if (kept.Secret)
        {
            foreach (var other in Others)
                other.Offer(secret!);
        }

        return kept;
    }

    /// <summary>Notes that the hub has taken <see cref="Offered"/>, so that it is its own from now on.</summary>
    public void Adopt(string secret)
    {
        lock (_lock)
        {
            var next = _kept with { Secret = secret };

            // What can't be kept is tried again after a restart, as a secret of the other hub.
            Save(next);
            Volatile.Write(ref _kept, next);
            _secretsRefused = 0;
        }

        Decline(secret);
    }

    /// <summary>Notes that the hub does not know <see cref="Offered"/>, or has taken it, unless there is another by now.</summary>
    public void Decline(string secret) => Interlocked.CompareExchange(ref _offered, null, secret);

    private void Offer(string secret)
    {
        if (Volatile.Read(ref _kept).Secret == secret)
            return;
        Volatile.Write(ref _offered, secret);
        _offers.Raise();
    }

    private KeptReport TryKeep(string? secret, string? address)
    {
        if (secret is not null && !EdgeLine.IsValidSecret(secret))
            return new KeptReport { Error = "the secret is not one that can be sent: 1 to 256 printable ASCII characters without spaces" };
        if (address is not null && !HostSyntax.TryParseHostAndPort(address, out _, out _))
            return new KeptReport { Error = "the hub's address is not HOST:PORT" };
        lock (_lock)
        {
            var next = _kept with
            {
                Secret = secret ?? _kept.Secret,
                Address = address ?? _kept.Address,
                AddressWorks = _kept.AddressWorks && (address ?? _kept.Address) == _kept.Address,
            };
            if (next != _kept && Save(next) is { } error)
                return new KeptReport { Error = error };
            if (next != _kept)
                ConnectingLog.Renewed(_logger, secret is null ? "where the hub will be" : "this edge's secret");
            Volatile.Write(ref _kept, next);
            if (secret is not null)
            {
                // A secret that this hub has renewed itself is newer than one of another hub.
                _secretsRefused = 0;
                Volatile.Write(ref _offered, null);
            }

            return new KeptReport { Secret = secret is not null, Address = address };
        }
    }

    /// <summary>Notes a failed dial, so that the next one tries the alternative.</summary>
    public void OnFailed(DialFailureKind kind)
    {
        lock (_lock)
        {
            if (kind == DialFailureKind.Unauthorized)
                _secretsRefused++;
            else if (kind != DialFailureKind.Busy)
                _usesNewAddress = !_usesNewAddress && _kept.Address is not null;
        }
    }

    /// <summary>
    /// Notes that the hub has answered at the current address, and to a secret that another hub had renewed if it was one, so that these
    /// are tried first after a restart.
    /// </summary>
    public void OnConnected()
    {
        lock (_lock)
        {
            var secret = Secret;
            var next = _kept with
            {
                AddressWorks = _usesNewAddress,
                Secret = Others.Count > 0 && secret != _start.Secret ? secret : _kept.Secret,
            };
            if (Volatile.Read(ref _offered) == secret)
                Volatile.Write(ref _offered, null);
            if (next == _kept || Save(next) is not null)
                return;
            _secretsRefused = next.Secret == _kept.Secret ? _secretsRefused : 0;
            Volatile.Write(ref _kept, next);
        }
    }

    // Each refusal leads to the next of the secrets that may be meant.
    private string Secret
    {
        get
        {
            var known = Secrets;
            return known[_secretsRefused % known.Length];
        }
    }

    private RenewalState Load()
    {
        var none = new RenewalState(_startName, null, null, false);
        if (_path is null)
            return none;
        try
        {
            if (_files.Read(_path) is not { } content)
                return none;
            if (content.Length > MaxFileSize)
                throw new InvalidDataException("the file is too long");
            return JsonSerializer.Deserialize(content, ConnectingJsonContext.Default.RenewalState) is { } state && state.Start == _startName
                && (state.Secret is null || EdgeLine.IsValidSecret(state.Secret))
                ? state
                : none;
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            ConnectingLog.RenewalsUnreadable(_logger, _path, e is JsonException ? "it is damaged" : e.Message);
            return none;
        }
    }

    /// <returns>What went wrong; null when the file was saved.</returns>
    private string? Save(RenewalState state)
    {
        if (_path is null)
            return "this edge has no state directory to keep it in";
        try
        {
            _files.MakeDirectory(Path.GetDirectoryName(_path)!);
            _files.Replace(_path, JsonSerializer.SerializeToUtf8Bytes(state, ConnectingJsonContext.Default.RenewalState));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"it can't be kept: {e.Message}";
        }
    }
}

/// <summary>Where the hub is, and the secret to send to it. Never logged as a whole.</summary>
internal sealed record HubAccess(string Host, int Port, string Secret)
{
    /// <summary>The hub's address as <c>HOST:PORT</c>.</summary>
    public string Name => $"{Host}:{Port}";

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>The content of the file.</summary>
/// <param name="Start">Which token the file belongs to: a hash of what the token says.</param>
/// <param name="Secret">The renewed secret; null when there is none.</param>
/// <param name="Address">Where the hub will be; null when it was not renewed.</param>
/// <param name="AddressWorks">Whether the hub answered at <paramref name="Address"/> the last time.</param>
internal sealed record RenewalState(string Start, string? Secret, string? Address, bool AddressWorks);
