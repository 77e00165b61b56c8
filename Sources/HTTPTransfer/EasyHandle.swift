// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors

internal import CLibcurl
internal import SwarmCore

/// Sole owner of one curl easy handle and of what curl borrows from us for it: freed exactly once.
///
/// Used on the loop's thread only.
@safe struct EasyHandle: ~Copyable {
    let pointer: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var lists = unsafe [UnsafeMutablePointer<curl_slist>]()

    /// `nil` when memory is out.
    init?() {
        guard let pointer = unsafe curl_easy_init() else {
            return nil
        }
        unsafe self.pointer = pointer
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe swarmctl_easy_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText)
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        // Only now: curl reads the lists and writes the text until then.
        unsafe lists.forEach { unsafe curl_slist_free_all($0) }
        unsafe errorText.deallocate()
    }

    /// What curl says of the last failure; empty when it says nothing.
    var detail: String { unsafe String(cString: errorText) }

    func set(_ option: CURLoption, _ value: Int) {
        unsafe swarmctl_easy_set_long(pointer, option, value)
    }

    func set(_ option: CURLoption, size: Int) {
        unsafe swarmctl_easy_set_size(pointer, option, curl_off_t(size))
    }

    /// `nil` takes curl's default away.
    func set(_ option: CURLoption, _ text: String?) {
        unsafe swarmctl_easy_set_text(pointer, option, text)
    }

    /// Sets a list option to `lines`, which the handle then owns.
    mutating func set(_ option: CURLoption, lines: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            // `nil` is out of memory, and leaves the list as it was.
            unsafe list = curl_slist_append(list, line) ?? list
        }
        guard let list = unsafe list else {
            return
        }
        unsafe lists.append(list)
        unsafe swarmctl_easy_set_list(pointer, option, list)
    }

    func info(_ info: CURLINFO) -> Int {
        unsafe swarmctl_easy_info_long(pointer, info)
    }
}
