using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// The pins that the hub's certificate is checked against: those of the token, and those that the hub announced for a planned key change,
/// which are kept in the state directory. Announced pins only ever add to configured ones, because an edge that trusts the system's store
/// must not be bound to a key by a message.
/// </summary>
internal sealed class PinStore
{
    internal const string FileName = "hub-pins.json";
    private const int MaxAnnounced = 16;
    private const int MaxFileSize = 64 << 10;

    private readonly StateFiles _files = new();
    private readonly string? _path;
    private readonly ImmutableArray<string> _configured;
    private readonly ILogger _logger;
    private ImmutableArray<string> _announced = [];

    /// <param name="stateDirectory">Where announced pins are kept; null keeps them only as long as the process runs.</param>
    /// <param name="configured">The token's pins.</param>
    /// <param name="logger">Where errors with the file are logged.</param>
    /// <param name="name">The name of the file.</param>
    public PinStore(string? stateDirectory, ImmutableArray<string> configured, ILogger logger, string name = FileName)
    {
        _path = stateDirectory is null ? null : Path.Combine(stateDirectory, name);
        _configured = configured;
        _logger = logger;
        Load();
    }

    /// <summary>The pins to accept; empty means that the system's trust store decides.</summary>
    public ImmutableArray<string> Current => _configured.IsEmpty ? [] : [.. _configured.Union(_announced)];

    /// <summary>Takes the pins that the hub announced in place of those that it announced before.</summary>
    public void Announce(ImmutableArray<string> announced)
    {
        ImmutableArray<string> valid = [.. announced.Where(CertificatePin.IsWellFormed).Distinct().Take(MaxAnnounced)];
        if (_configured.IsEmpty || valid.IsEmpty || valid.SequenceEqual(_announced))
            return;
        _announced = valid;
        Save();
    }

    private void Load()
    {
        if (_path is null)
            return;
        try
        {
            if (_files.Read(_path) is not { } content)
                return;
            if (content.Length > MaxFileSize)
                throw new InvalidDataException("the file is too long");
            var state = JsonSerializer.Deserialize(content, ConnectingJsonContext.Default.PinState);
            // Announcements that were made with another token belong to another hub.
            if (state is not null && state.Configured.SequenceEqual(_configured))
                _announced = [.. state.Announced.Where(CertificatePin.IsWellFormed)];
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            ConnectingLog.PinsUnreadable(_logger, _path, e.Message);
        }
    }

    private void Save()
    {
        if (_path is null)
            return;
        try
        {
            _files.MakeDirectory(Path.GetDirectoryName(_path)!);
            _files.Replace(
                _path, JsonSerializer.SerializeToUtf8Bytes(new PinState(_configured, _announced), ConnectingJsonContext.Default.PinState));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ConnectingLog.PinsNotKept(_logger, _path, e.Message);
        }
    }
}
