package import Base
package import Wire

extension RecipeRun {
  /// What is asked.
  package struct Ask {
    let chat: Chat
    let history: PromptHistory
    /// Whether the client wants the model to search the web.
    package var wantsSearch = false
    /// Whether the client wants no stream: then a site's last word counts where it takes back what it said.
    package var isWhole = false
    /// The bytes of `images`, in their order.
    package var files: [File] = []

    /// Throws `invalid` (`unsupported_content`) for what the site can't be asked, `contextOverflow` beyond the file's limit.
    package init(_ chat: Chat, of offer: Offer) throws(Fault) {
      self.chat = chat
      history = try PromptHistory(chat, offer.provider.file.recipe ?? Recipe())
      guard let most = offer.provider.file.limits.maxPromptCharacters, history.prompt.unicodeScalars.count > most else { return }
      throw Fault(.contextOverflow, "The conversation is longer than the \(most) characters that the site takes.")
    }

    /// What the site can't be told.
    package var losses: [Loss] { history.losses }

    /// The images that go up.
    package var images: [Media] { history.images }

    /// A file that goes up.
    package struct File {
      let bytes: [UInt8]
      let type: String
      let name: String

      /// Of a file's bytes, its media type and its name.
      package init(_ bytes: [UInt8], type: String, name: String) {
        self.bytes = bytes
        self.type = type
        self.name = name
      }
    }
  }
}
